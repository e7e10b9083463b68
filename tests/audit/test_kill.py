"""Processes that are killed at any point, 200 of them: what was acknowledged, what was lost, what is left."""

from __future__ import annotations

import json

import pytest

from plugbus_audit.verification import verify


KILLS = 100

# One process with everything imported, which forks those that are killed: that costs milliseconds.
PROGRAM = """
    import json, logging, os, random, select, signal, time
    from pathlib import Path

    from plugbus import Event, EventBus
    from plugbus.redaction import Redactor
    from plugbus_audit import AuditSettings
    from plugbus_audit.assembly import make_writer
    from plugbus_audit.handler import AuditLogHandler
    from plugbus_audit.records import Recorder

    logging.basicConfig(level=logging.CRITICAL)
    random.seed({seed})
    settings = AuditSettings(
        path=Path("audit.db"), durable={durable}, flush_every=20, flush_interval=0.01, buffer_size=1000,
        checkpoint_path=Path("checkpoints"),
    )

    def publish(child, acknowledge, count):
        writer = make_writer(settings, logging.getLogger(), None)
        writer.open()
        bus = EventBus()
        bus.subscribe(AuditLogHandler(writer, Recorder(Redactor()), durable=settings.durable))
        os.write(acknowledge, b"+")
        for number in range(count):
            assert bus.publish_sync(Event(type="number.counted", payload={{"child": child, "n": number}})).ok
            os.write(acknowledge, b".")
        writer.close(30)

    acknowledged = {{}}
    for child in range({kills}):
        reader, acknowledge = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(reader)
            publish(child, acknowledge, 1_000_000)
        os.close(acknowledge)
        answer, wanted = b"", random.randint(1, {most})
        while answer.count(b".") < wanted:
            answer += os.read(reader, 64)
        # Not a test's way to wait: the moment of death is left to chance.
        time.sleep(random.uniform(0, 0.003))
        os.kill(pid, signal.SIGKILL)
        while more := os.read(reader, 65536):
            answer += more
        os.close(reader)
        os.waitpid(pid, 0)
        acknowledged[child] = answer.count(b".")
    last = os.open(os.devnull, os.O_WRONLY)
    publish(-1, last, 1)
    print(json.dumps(acknowledged))
"""


@pytest.mark.parametrize("durable", [True, False], ids=["durable", "buffered"])
def test_no_acknowledged_event_is_lost_unseen_when_processes_are_killed(run_program, trail, durable):
    done = run_program(PROGRAM.format(durable=durable, kills=KILLS, most=10 if durable else 200, seed=durable))
    acknowledged = {int(child): count for child, count in json.loads(done.stdout).items()}
    written, chains, lost = {}, {}, {}
    for body in map(json.loads, (body for (body,) in trail.select("SELECT body FROM records ORDER BY seq"))):
        if body["kind"] == "opened":
            lost.update({one["chain"]: one["records"] for one in body.get("lost", ())})
        else:
            child = body["data"]["child"]
            written.setdefault(child, []).append(body["data"]["n"])
            chains[child] = body["chain"]
    assert written.pop(-1) == [0]
    del chains[-1]
    for numbers in written.values():
        assert numbers == list(range(len(numbers))), "in order, none twice"
    missing = {child: count - len(written.get(child, ())) for child, count in acknowledged.items()}
    if durable:
        assert max(missing.values()) <= 0
    else:
        assert max(missing.values()) <= 1000
        for child, chain in chains.items():
            # One may have been accepted and not acknowledged.
            assert max(0, missing[child]) <= lost.get(chain, 0) <= missing[child] + 1, (child, missing[child], lost)
        assert sum(missing.values()) <= sum(lost.values()) <= sum(missing.values()) + KILLS
        assert sum(lost.values()) > 0
    assert [path.name for path in trail.path.parent.glob("*accepted*")] == []
    found = verify(trail.path, checkpoint_path=trail.path.parent / "checkpoints")
    assert found.ok, found.problems
    assert found.vouched == found.records
