"""A process that forks while other threads are inside of guards."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest


PROGRAM = """
import os, signal, threading, time
from plugbus import Event, EventBus
from plugbus_guards.errors import AccessDenied

bus = EventBus.from_config({"plugins": {"guards": {"rules": [
    {"events": ["order.*"], "all": ["authenticated"]},
    {"events": ["item.*"], "all": [{"guard": "rate_limit", "limit": 100_000}]},
]}}})
bus.publish_sync(Event(type="item.sold", payload={}))
stop = threading.Event()

def publish(type):
    while not stop.is_set():
        try:
            bus.publish_sync(Event(type=type, payload={}))
        except AccessDenied:
            pass

threads = [threading.Thread(target=publish, args=(type,)) for type in ("order.placed", "item.sold") * 2]
for thread in threads:
    thread.start()
for _ in range(40):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        for type in ("item.sold", "order.placed"):
            try:
                bus.publish_sync(Event(type=type, payload={}))
            except AccessDenied:
                pass
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        print("child", status)
stop.set()
for thread in threads:
    thread.join()
bus.stop_sync()
print("done")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_does_not_wait_for_a_lock_that_a_thread_of_its_parent_held():
    program = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(PROGRAM)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout == "done\n", done.stdout + done.stderr
