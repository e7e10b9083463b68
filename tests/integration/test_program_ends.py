"""However a program ends, the trail holds every event that was published."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing

import pytest


COUNT = 1_050

PRELUDE = """
import asyncio, multiprocessing, os, signal, sys, threading, time
from plugbus import Event, EventBus, on_event

bus = EventBus.get_instance()

def made(number, who="main"):
    return Event(type="number.counted", payload={"who": who, "n": number})

def publish(first, last, who="main"):
    for number in range(first, last):
        assert bus.publish_sync(made(number, who)).ok

def wait_for(child, status=0):
    found = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert found == status, found
"""


class Program:
    """A program in a folder whose configuration switches audit on."""

    def __init__(self, folder):
        self.folder = folder
        # No batch and no interval comes to the help of what is tested: 50 of 1,050 events are still in the buffer.
        text = '[plugins.audit]\npath = "audit.db"\nflush_interval = "1h"\nflush_every = 100\n'
        (folder / "plugbus.toml").write_text(text, encoding="utf-8")

    def start(self, text, **options):
        (self.folder / "program.py").write_text(PRELUDE + textwrap.dedent(text), encoding="utf-8")
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "program.py"],
            cwd=self.folder,
            env={key: value for key, value in os.environ.items() if not key.startswith("PLUGBUS_")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, text, *, code=0, complaint=""):
        """Run it to its end; `complaint` is the last thing that it says on stderr."""
        process = self.start(text)
        out, err = process.communicate(timeout=100)
        self.check(process, err, code, complaint)
        return out

    def check(self, process, err, code, complaint=""):
        assert process.returncode == code, f"exit code {process.returncode}\n{err}"
        last = err.strip().splitlines()[-1] if err.strip() else ""
        assert last == complaint, err

    def numbers(self):
        """Who counted how far, as the trail tells it."""
        with closing(sqlite3.connect(self.folder / "audit.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            rows = connection.execute("SELECT body FROM records WHERE kind = 'event' ORDER BY seq").fetchall()
        found = {}
        for (text,) in rows:
            data = json.loads(text)["data"]
            found.setdefault(data["who"], []).append(data["n"])
        return found


@pytest.fixture
def program(tmp_path):
    return Program(tmp_path)


def counted(**counts):
    return {who: list(range(count)) for who, count in counts.items()}


@pytest.mark.parametrize(
    "text",
    [
        f"publish(0, {COUNT})",
        f"""
        for number in range({COUNT}):
            made(number).publish()
        """,
        f"""
        for number in range({COUNT}):
            bus.publish_soon(made(number))
        """,
        f"""
        async def main():
            for number in range({COUNT}):
                await bus.publish(made(number))
        asyncio.run(main())
        """,
        f"""
        async def main():
            await bus.publish_many([made(number) for number in range({COUNT})])
        asyncio.run(main())
        """,
        f"""
        async def main():
            await bus.start()
            for number in range({COUNT}):
                made(number).publish()
        asyncio.run(main())
        """,
        f"""
        publish(0, 1)
        threading.Thread(target=publish, args=(1, {COUNT})).start()
        """,
    ],
    ids=["publish_sync", "event.publish", "publish_soon", "publish", "publish_many", "in a loop", "in a thread"],
)
def test_a_program_that_publishes_and_just_ends(program, text):
    program.run(text)
    assert program.numbers() == counted(main=COUNT)


def test_sys_exit_in_a_handler(program):
    program.run(
        f"""
        @on_event("number.counted")
        def leave(event):
            if event.payload["n"] == {COUNT - 1}:
                sys.exit(3)
        publish(0, {COUNT})
        """,
        code=3,
    )
    assert program.numbers() == counted(main=COUNT)


def test_sys_exit_in_an_async_handler(program):
    program.run(
        f"""
        @on_event("number.counted")
        async def leave(event):
            if event.payload["n"] == {COUNT - 1}:
                sys.exit(3)
        async def main():
            for number in range({COUNT}):
                await bus.publish(made(number))
        asyncio.run(main())
        """,
        code=3,
    )
    assert program.numbers() == counted(main=COUNT)


def test_sys_exit_in_an_async_handler_of_a_sync_program(program):
    program.run(
        f"""
        @on_event("number.counted")
        async def leave(event):
            if event.payload["n"] == {COUNT - 1}:
                sys.exit(3)
        publish(0, {COUNT})
        """,
        code=3,
    )
    assert program.numbers() == counted(main=COUNT)


def test_an_exception_at_top_level(program):
    program.run(
        f"publish(0, {COUNT})\nraise LookupError('nothing there')", code=1, complaint="LookupError: nothing there"
    )
    assert program.numbers() == counted(main=COUNT)


def test_an_exception_in_an_event_loop(program):
    program.run(
        f"""
        async def main():
            async with asyncio.TaskGroup() as group:
                for number in range({COUNT}):
                    await bus.publish(made(number))
            raise LookupError("nothing there")
        asyncio.run(main())
        """,
        code=1,
        complaint="LookupError: nothing there",
    )
    assert program.numbers() == counted(main=COUNT)


def test_events_that_are_published_at_exit(program):
    program.run(
        f"""
        import atexit
        atexit.register(publish, 1_000, {COUNT})
        publish(0, 1_000)
        """
    )
    assert program.numbers() == counted(main=COUNT)


WAITING = {
    "asleep": f"""
        publish(0, {COUNT})
        print("ready", flush=True)
        time.sleep(60)
        """,
    "in an event loop": f"""
        async def main():
            for number in range({COUNT}):
                await bus.publish(made(number))
            print("ready", flush=True)
            await asyncio.sleep(60)
        asyncio.run(main())
        """,
    "joining a thread": f"""
        def work():
            publish(0, {COUNT})
            print("ready", flush=True)
            time.sleep(60)
        publish(0, 0)
        asyncio.run(bus.start())
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        """,
}


@pytest.mark.parametrize("where", WAITING)
def test_sigterm(program, where):
    process = program.start(WAITING[where])
    assert process.stdout.readline() == "ready\n", process.communicate(timeout=60)[1]
    process.terminate()
    _, err = process.communicate(timeout=60)
    program.check(process, err, -signal.SIGTERM)
    assert program.numbers() == counted(main=COUNT)


@pytest.mark.parametrize("attempt", range(10))
def test_sigterm_in_the_midst_of_publishing(program, attempt):
    process = program.start(
        """
        acknowledged = open("acknowledged", "wb", buffering=0)
        for number in range(1_000_000):
            assert bus.publish_sync(made(number)).ok
            os.pwrite(acknowledged.fileno(), b"%d" % (number + 1), 0)
            if number == 200:
                print("ready", flush=True)
        """
    )
    assert process.stdout.readline() == "ready\n", process.communicate(timeout=60)[1]
    process.terminate()
    _, err = process.communicate(timeout=60)
    program.check(process, err, -signal.SIGTERM)
    acknowledged = int((program.folder / "acknowledged").read_bytes())
    (numbers,) = program.numbers().values()
    assert numbers == list(range(len(numbers)))
    assert len(numbers) in (acknowledged, acknowledged + 1)


def test_the_interrupt_key(program):
    process = program.start(WAITING["asleep"])
    assert process.stdout.readline() == "ready\n", process.communicate(timeout=60)[1]
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    program.check(process, err, -signal.SIGINT, "KeyboardInterrupt")
    assert program.numbers() == counted(main=COUNT)


ENDS = {
    "falls off its end": ("", 0),
    "sys.exit": ("sys.exit(4)", 4),
    "sigterm": ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)", -signal.SIGTERM),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("first", [1, 50], ids=["after the first publish", "with events in the buffer"])
def test_a_worker_made_by_os_fork(program, end, first):
    statement, status = ENDS[end]
    program.run(
        f"""
        publish(0, {first})
        child = os.fork()
        if child:
            publish({first}, {COUNT})
            wait_for(child, {status})
        else:
            publish(0, {COUNT}, "child")
            {statement or "pass"}
        """
    )
    assert program.numbers() == counted(main=COUNT, child=COUNT)


def test_a_worker_that_was_forked_and_uses_an_event_loop(program):
    program.run(
        f"""
        async def main(who):
            for number in range({COUNT}):
                await bus.publish(made(number, who))
        asyncio.run(main("main"))
        child = os.fork()
        if child:
            wait_for(child)
        else:
            asyncio.run(main("child"))
        """
    )
    assert program.numbers() == counted(main=COUNT, child=COUNT)


@pytest.mark.parametrize("target", ["publish", "publish_in_a_loop"])
def test_a_worker_of_multiprocessing_that_is_started_inside_an_event_loop(program, target):
    program.run(
        f"""
        async def count(first, last, who):
            for number in range(first, last):
                await bus.publish(made(number, who))
        def publish_in_a_loop(first, last, who):
            asyncio.run(count(first, last, who))
        async def main():
            await bus.start()
            await count(0, 50, "main")
            worker = multiprocessing.get_context("fork").Process(target={target}, args=(0, {COUNT}, "child"))
            worker.start()
            await count(50, {COUNT}, "main")
            worker.join()
            assert worker.exitcode == 0
        asyncio.run(main())
        """
    )
    assert program.numbers() == counted(main=COUNT, child=COUNT)


def test_workers_of_multiprocessing(program):
    program.run(
        f"""
        publish(0, 50)
        context = multiprocessing.get_context("fork")
        workers = [context.Process(target=publish, args=(0, {COUNT}, f"w{{number}}")) for number in range(3)]
        for worker in workers:
            worker.start()
        publish(50, {COUNT})
        for worker in workers:
            worker.join()
            assert worker.exitcode == 0
        """
    )
    assert program.numbers() == counted(main=COUNT, w0=COUNT, w1=COUNT, w2=COUNT)


def test_a_pool_of_multiprocessing_that_is_closed(program):
    program.run(
        f"""
        publish(0, {COUNT})
        with multiprocessing.get_context("fork").Pool(1) as pool:
            pool.apply(publish, (0, {COUNT}, "pool"))
            pool.close()
            pool.join()
        """
    )
    assert program.numbers() == counted(main=COUNT, pool=COUNT)


def test_a_pool_of_multiprocessing_that_is_terminated(program):
    program.run(
        f"""
        publish(0, {COUNT})
        with multiprocessing.get_context("fork").Pool(1) as pool:
            pool.apply(publish, (0, {COUNT}, "pool"))
        """
    )
    assert program.numbers() == counted(main=COUNT, pool=COUNT)


def test_workers_of_a_process_pool_executor(program):
    program.run(
        f"""
        from concurrent.futures import ProcessPoolExecutor

        publish(0, {COUNT})
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
            pool.submit(publish, 0, {COUNT}, "pool").result()
        """
    )
    assert program.numbers() == counted(main=COUNT, pool=COUNT)


@pytest.mark.parametrize("start", ["", "await bus.start()"], ids=["started by a publish", "started on the first loop"])
def test_a_second_event_loop_after_the_first_has_closed(program, start):
    program.run(
        f"""
        async def main(first, last):
            {start or "pass"}
            for number in range(first, last):
                assert (await bus.publish(made(number))).ok
        asyncio.run(main(0, 525))
        asyncio.run(main(525, {COUNT}))
        """
    )
    assert program.numbers() == counted(main=COUNT)


def test_a_bus_that_is_stopped_before_the_program_ends(program):
    program.run(
        f"""
        @on_event("service.shutdown")
        def say(event):
            print("shutdown")
        publish(0, {COUNT})
        bus.stop_sync()
        """
    )
    with closing(sqlite3.connect(program.folder / "audit.db")) as connection:
        counts = dict(connection.execute("SELECT type, count(*) FROM records WHERE kind = 'event' GROUP BY type"))
    assert counts["number.counted"] == COUNT
