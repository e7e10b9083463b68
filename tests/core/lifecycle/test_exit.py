"""The end of the program: plugins are flushed at interpreter exit and on SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import sys

import pytest

from plugbus import EventBus


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

HEAD = '''
import asyncio, os, sys, threading
import lifecycle_actors
from plugbus import EventBase, EventBus, event

class Play:
    handlers = {}
    async def act(self, context, moment):
        pass
    def flush(self, context, deadline):
        assert threading.current_thread() is threading.main_thread()
        os.write(1, f"flush {context.plugin} within {deadline.remaining() + 0.5:.0f} s\\n".encode())

lifecycle_actors.play = Play()

@event("exit.published")
class Published(EventBase):
    pass

bus = EventBus.from_config({"plugins": {"one": {}, "two": {}}})

@bus.on(Published)
async def handler(event):
    pass

def until_told():
    """Wait for the test to end this program."""
    print("ready", flush=True)
    sys.stdin.read()

'''

AT_EXIT = ["flush two within 10 s", "flush one within 10 s"]
ON_SIGTERM = ["flush two within 5 s", "flush one within 5 s"]

ENDINGS = {
    "by itself": ("", 0),
    "by sys.exit": ("sys.exit(3)", 3),
    "by an exception": ("raise ValueError('at top level')", 1),
    "by sys.exit in a handler": ("bus.subscribe(Published, lambda _: sys.exit(4)); bus.publish_sync(Published())", 4),
    "by SystemExit in an async handler": (
        "async def leave(event): sys.exit(5)\nbus.subscribe(Published, leave)\nbus.publish_sync(Published())",
        5,
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_plugins_are_flushed_in_reverse_order_when_the_program_ends(program, ending):
    source, code = ENDINGS[ending]
    process = program(HEAD + "bus.publish_sync(Published())\n" + source)
    out, err = process.communicate(timeout=60)
    assert out.splitlines() == AT_EXIT
    assert process.returncode == code
    assert (err == "") == (code != 1)


def test_a_bus_that_was_used_in_a_loop_is_flushed_too_and_one_that_was_stopped_only_then(program):
    processes = [
        program(HEAD + "asyncio.run(bus.publish(Published()))"),
        program(HEAD + "bus.publish_sync(Published()); bus.stop_sync(); os.write(1, b'stopped\\n')"),
        program(HEAD),
    ]
    used, stopped, unused = [process.communicate(timeout=60) for process in processes]
    assert used == ("\n".join(AT_EXIT) + "\n", "")
    assert stopped[0].splitlines()[-1] == "stopped"
    assert unused == ("", "")


def test_what_publish_soon_has_taken_is_done_before_the_flush(program):
    process = program(
        HEAD
        + """
@bus.on(Published)
async def slow(event):
    await asyncio.sleep(0.05)
    os.write(1, b"handled\\n")

bus.publish_soon(Published())
"""
    )
    out, err = process.communicate(timeout=60)
    assert out.splitlines() == ["handled", *AT_EXIT]
    assert err == ""


def test_what_waits_on_a_loop_that_was_left_does_not_hold_the_end_up(program):
    process = program(
        HEAD
        + """
@bus.on(Published)
async def forever(event):
    await asyncio.Event().wait()

async def main():
    bus.publish_soon(Published())
    task = asyncio.create_task(bus.publish(Published()))
    await asyncio.sleep(0)

loop = asyncio.new_event_loop()
loop.run_until_complete(main())
"""
    )
    out, err = process.communicate(timeout=9)  # it would wait for 10 s
    assert out.splitlines() == AT_EXIT
    assert "the program ended before 1 publish_soon had" in err


def test_it_can_be_stopped_in_a_function_for_atexit(program):
    process = program(HEAD + "import atexit\natexit.register(bus.stop_sync)\nbus.publish_sync(Published())")
    _, err = process.communicate(timeout=60)
    assert err == ""
    assert process.returncode == 0


IN_A_LOOP = """
async def main():
    async with bus:
        await asyncio.to_thread(until_told)

asyncio.run(main())
"""

WHILE_IT_WAITS = """
@bus.on(Published)
async def wait(event):
    await asyncio.to_thread(until_told)

bus.publish_sync(Published())
"""

OFF = """
bus = EventBus.from_config({"plugins": {"one": {}}, "bus": {"handle_sigterm": False}})
bus.publish_sync(Published())
"""

IN_A_THREAD = """
thread = threading.Thread(target=bus.publish_sync, args=(Published(),))
thread.start()
thread.join()
"""

SIGTERM = {
    "in the main thread": ("bus.publish_sync(Published())", ON_SIGTERM),
    "while a loop runs": (IN_A_LOOP, ON_SIGTERM),
    "while publish_sync waits": (WHILE_IT_WAITS, ON_SIGTERM),
    "with handle_sigterm off": (OFF, []),
    "started in another thread": (IN_A_THREAD, []),
}


@pytest.mark.parametrize("case", SIGTERM)
def test_on_sigterm_plugins_are_flushed_and_the_process_dies_of_it(program, case):
    source, flushed = SIGTERM[case]
    process = program(HEAD + source + "\nuntil_told()")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert out.splitlines() == flushed
    assert process.returncode == -signal.SIGTERM
    assert err == ""


@pytest.fixture
def _sigterm_is_at_its_default():
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("_sigterm_is_at_its_default")
def test_the_handler_of_sigterm_is_there_from_the_first_start_to_the_last_stop(play):
    one, two = play.bus("one"), play.bus("two")
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    asyncio.run(one.start())
    installed = signal.getsignal(signal.SIGTERM)
    assert installed is not signal.SIG_DFL
    asyncio.run(two.start())
    one.stop_sync()
    assert signal.getsignal(signal.SIGTERM) is installed
    two.stop_sync()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.usefixtures("_sigterm_is_at_its_default")
def test_a_bus_without_plugins_has_nothing_to_flush_and_leaves_sigterm_alone():
    bus = EventBus()
    asyncio.run(bus.start())
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    bus.stop_sync()


@pytest.mark.usefixtures("_sigterm_is_at_its_default")
@pytest.mark.parametrize("disposition", [signal.SIG_IGN, lambda number, frame: None], ids=["ignored", "handled"])
def test_where_sigterm_has_another_disposition_it_is_left_alone(play, disposition):
    signal.signal(signal.SIGTERM, disposition)
    bus = play.bus("one")
    asyncio.run(bus.start())
    assert signal.getsignal(signal.SIGTERM) == disposition
    bus.stop_sync()
    assert signal.getsignal(signal.SIGTERM) == disposition
