from __future__ import annotations

import asyncio
import inspect
import threading
from concurrent.futures import Future

import pytest


@pytest.fixture
async def _debug_loop():
    asyncio.get_running_loop().set_debug(True)


@pytest.fixture(autouse=True)
def _asyncio_debug_mode(request, monkeypatch):
    """Every loop checks that callbacks come from the right thread, and that coroutines are awaited."""
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    if inspect.iscoroutinefunction(request.function):
        request.getfixturevalue("_debug_loop")


@pytest.fixture(autouse=True)
def _nothing_is_lost_in_asyncio(caplog):
    """No task is destroyed while pending, no exception of a task or future is left unretrieved."""
    yield
    told = [record.getMessage() for record in caplog.records if record.name == "asyncio"]
    assert [message for message in told if not message.startswith(("Executing ", "Using selector"))] == []


@pytest.fixture
def threads():
    """Start functions in threads of their own; each call returns a future. They are joined in the end."""
    started = []

    def start(function, *args):
        future = Future()

        def run():
            try:
                future.set_result(function(*args))
            except BaseException as error:
                future.set_exception(error)

        thread = threading.Thread(target=run, daemon=True)
        started.append(thread)
        thread.start()
        return future

    yield start
    for thread in started:
        thread.join(10)
        assert not thread.is_alive()
