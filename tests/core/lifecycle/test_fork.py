"""After a fork the child drops threads and loop of its parent's bus, and opens its own on first use."""

from __future__ import annotations

import json
import os

import pytest


pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

HEAD = '''
import asyncio, json, os, sys, threading
import lifecycle_actors
from plugbus import EventBase, EventBus, event

trail = []

class Play:
    handlers = {}
    async def act(self, context, moment):
        trail.append(f"{moment} {threading.current_thread().name}")
    def flush(self, context, deadline):
        os.write(1, b"flush\\n")

lifecycle_actors.play = Play()

@event("fork.published")
class Published(EventBase):
    pass

bus = EventBus.from_config({"plugins": {"one": {}}})
seen = []

@bus.on(Published)
async def handler(event):
    seen.append(threading.current_thread().name)

def child(use):
    """Fork; the child's findings come back as JSON."""
    read, write = os.pipe()
    if os.fork() == 0:
        trail.clear(); seen.clear()
        use()
        os.write(write, json.dumps({"trail": trail, "seen": seen}).encode())
        os._exit(0)
    os.close(write)
    found = json.loads(os.read(read, 10000))
    assert os.wait()[1] == 0
    return found

'''


def findings(process):
    out, err = process.communicate(timeout=60)
    assert err == ""
    assert process.returncode == 0
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def test_a_child_forked_after_the_first_publish_starts_a_bus_of_its_own(program):
    process = program(
        HEAD
        + """
def use():
    assert threading.active_count() == 1
    assert bus.publish_sync(Published()).ok
    assert bus.publish_soon(Published()).wait(10).ok
    asyncio.run(bus.publish(Published()))

bus.publish_sync(Published())
assert trail == ["enter plugbus-loop"]
print(json.dumps(child(use)))
assert bus.publish_sync(Published()).ok
print(json.dumps({"trail": trail, "seen": seen}))
"""
    )
    of_child, of_parent = findings(process)
    assert of_child["trail"] == ["enter plugbus-loop"]
    assert of_child["seen"] == ["plugbus-loop", "plugbus-loop", "MainThread"]
    assert of_parent == {"trail": ["enter plugbus-loop"], "seen": ["plugbus-loop", "plugbus-loop"]}


def test_a_fork_while_threads_publish_leaves_the_child_no_lock_that_is_held(program):
    process = program(
        HEAD
        + """
stop = threading.Event()

def churn():
    while not stop.is_set():
        bus.publish_soon(Published())
        subscription = bus.subscribe("fork.other", lambda _: None)
        bus.publish_sync(Published())
        bus.unsubscribe(subscription)

workers = [threading.Thread(target=churn) for _ in range(3)]
for worker in workers:
    worker.start()
while len(seen) < 20:
    pass

def use():
    assert bus.publish_sync(Published()).ok

found = [child(use) for _ in range(10)]
stop.set()
for worker in workers:
    worker.join()
for one in found:
    print(json.dumps(one))
"""
    )
    assert findings(process) == [{"trail": ["enter plugbus-loop"], "seen": ["plugbus-loop"]}] * 10


def test_a_child_forked_inside_a_loop_or_a_handler_or_a_deferred_block_publishes_all_the_same(program):
    process = program(
        HEAD
        + """
def use():
    thread = threading.Thread(target=bus.publish_sync, args=(Published(),))
    thread.start()
    thread.join()

@bus.on("fork.entered")
def fork(_):
    print(json.dumps(child(use)))

def use_here():
    bus.publish_sync(Published())

async def main():
    async with bus:
        print(json.dumps(child(use)))
        from plugbus import Event
        await bus.publish(Event(type="fork.entered"))

asyncio.run(main())
asyncio.run(bus.start())
with bus.deferred():
    print(json.dumps(child(use_here)))
"""
    )
    assert findings(process) == [{"trail": ["enter plugbus-loop"], "seen": ["plugbus-loop"]}] * 3


def test_a_child_that_ends_by_itself_flushes_its_own_bus_and_leaves_the_parents_work_to_the_parent(program):
    process = program(
        HEAD
        + """
@bus.on(Published)
async def slow(event):
    if os.getpid() == parent:
        await asyncio.to_thread(wait)

def wait():
    waits.set()
    gate.wait()

parent, gate, waits = os.getpid(), threading.Event(), threading.Event()
handle = bus.publish_soon(Published())
waits.wait()  # a fork in the midst of the first import of the thread pool would end in an error of Python's own
if os.fork() == 0:
    assert bus.publish_sync(Published()).ok
    os.write(1, b"child ends\\n")
    sys.exit()
assert os.wait()[1] == 0
assert not handle.done()
gate.set()
assert handle.wait(10).ok
os.write(1, b"parent ends\\n")
"""
    )
    out, err = process.communicate(timeout=60)
    assert err == ""
    assert out.splitlines() == ["child ends", "flush", "parent ends", "flush"]


def test_a_child_of_a_stopped_bus_finds_it_stopped(program):
    process = program(
        HEAD
        + """
from plugbus.errors import BusClosed

def use():
    try:
        bus.publish_sync(Published())
    except BusClosed as error:
        seen.append(str(error))

bus.publish_sync(Published())
bus.stop_sync()
print(json.dumps(child(use)))
"""
    )
    (of_child,) = findings(process)
    assert of_child["trail"] == []
    assert "has been stopped" in of_child["seen"][0]


def test_a_child_of_multiprocessing_flushes_what_it_started_though_it_ends_without_atexit(program):
    process = program(
        HEAD
        + """
import multiprocessing

def work():
    assert bus.publish_sync(Published()).ok

bus.publish_sync(Published())
worker = multiprocessing.get_context("fork").Process(target=work)
worker.start()
worker.join()
print("child", worker.exitcode, flush=True)
bus.stop_sync()
"""
    )
    out, err = process.communicate(timeout=60)
    assert err == ""
    assert "flush" in out.partition("child 0")[0].splitlines()
