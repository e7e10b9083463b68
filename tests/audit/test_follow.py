from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import aclosing, closing
from pathlib import Path

import pytest

from plugbus_audit import AsyncTrail, Filter, NoTrail, Trail


def event(number, kind="event", name="a.b"):
    made = {"kind": kind, "id": str(number), "type": name, "data": {"n": number}}
    return json.dumps(made, separators=(",", ":")).encode()


def test_what_is_written_is_given_as_it_comes(written):
    path = written(event(1))
    with closing(Trail(path).follow(every=0.01, after=0)) as records:
        assert next(records).id == "1"
        written(event(2), event(3, name="c.d"))
        assert [next(records).id for _ in range(2)] == ["2", "3"]


def test_it_begins_at_the_end_and_gives_what_is_meant(written):
    path = written(event(1))
    records = Trail(path).follow(Filter(type="c.*", kinds=["outcome"]), every=0.01)
    found = []
    reader = threading.Thread(target=lambda: found.append(next(records)))
    reader.start()
    number = 10
    while reader.is_alive():  # where it begins is known when it has begun
        number += 1
        written(event(1, name="c.d"), event(2, "outcome"), event(number, "outcome", "c.d"))
        reader.join(0.05)
    records.close()
    assert (found[0].kind, found[0].type) == ("outcome", "c.d")


def test_many_records_are_given_in_their_order_across_segments(written):
    path = written(event(0))
    for start in range(1, 4_000, 800):
        written(*(event(number) for number in range(start, start + 800)), size=30_000)
    with closing(Trail(path).follow(after=0)) as records:
        assert [next(records).id for _ in range(4_001)] == [str(number) for number in range(4_001)]


def test_a_trail_that_takes_its_place_is_followed(tmp_path, written, form):
    path = written(event(1))
    with closing(Trail(path).follow(every=0.01, after=0)) as records:
        assert next(records).id == "1"
        path.rename(tmp_path / "old")
        written(event(2))
        assert next(records).id == "2"
        if form == "jsonl":
            shutil.rmtree(path)
        else:
            path.unlink()
        written(event(3))
        assert next(records).id == "3"


def test_it_ends_when_it_is_told_to(written):
    path = written(event(1))
    stop = threading.Event()
    records = Trail(path).follow(after=0, stop=stop)
    assert next(records).id == "1"
    stop.set()
    assert list(records) == []


def test_where_there_is_no_trail_there_is_nothing_to_follow(tmp_path):
    with pytest.raises(NoTrail):
        next(Trail(tmp_path / "audit.db").follow())


async def test_an_async_follower_lets_the_loop_go_on(written):
    path = written(event(1))
    async with aclosing(AsyncTrail(path).follow(every=0.01, after=0)) as records:
        assert (await anext(records)).id == "1"
        written(event(2))
        assert (await anext(records)).id == "2"


LOAD = """
import os, sys
from pathlib import Path
from plugbus import Event, EventBus

def memory():
    return int(Path(f"/proc/{sys.argv[1]}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

bus = EventBus.from_config({"plugins": {"audit": {"path": "audit.db"}}})
early = None
for round in range(12):
    for number in range(1_000):
        bus.publish_sync(Event(type="number.counted", payload={"n": number, "text": "x" * 300}))
    bus.flush()
    if round == 3:
        early = memory()
bus.publish_sync(Event(type="end.reached"))
bus.stop_sync()
print(early, memory())
"""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="memory is looked up in /proc")
def test_tail_follows_under_load_in_flat_memory(tmp_path, fill, configuration):
    fill()
    tail = subprocess.Popen(
        [sys.executable, "-m", "plugbus", "audit", "tail", "--follow", "-n", "0"], cwd=tmp_path, stdout=subprocess.PIPE
    )
    try:
        # It has begun when it shows something: what was written before that is not shown.
        lines = iter(tail.stdout.readline, b"")
        first = threading.Event()
        seen = []

        def read():
            for line in lines:
                seen.append(line.split()[1])
                first.set()
                if b"end.reached" in line:
                    return

        reader = threading.Thread(target=read)
        reader.start()
        number = 0
        while not first.wait(0.1):
            number += 1
            fill(event(number, name="begin.tried"))
        done = subprocess.run(
            [sys.executable, "-c", LOAD, str(tail.pid)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        reader.join(30)
        assert done.returncode == 0, done.stderr
        assert seen.count(b"number.counted") == 12_000
        early, late = map(int, done.stdout.split())
        assert late - early < 8_000_000
        tail.send_signal(signal.SIGINT)
        assert tail.wait(30) == 130
    finally:
        tail.kill()
        tail.wait()
        tail.stdout.close()
