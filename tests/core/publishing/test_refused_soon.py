"""A `Refusal` of a middleware, published by `publish_soon`."""

from __future__ import annotations

import gc

import pytest

from plugbus import Event
from plugbus.errors import Refusal


HAPPENED = Event(type="thing.happened", payload={})


def refuse(event):
    raise Refusal("not you")


async def refuse_later(event):
    raise Refusal("not you")


@pytest.mark.parametrize("middleware", [refuse, refuse_later])
async def test_it_is_in_the_handle_and_not_raised_by_the_call(bus, middleware, caplog):
    bus.add_middleware(middleware)
    handle = bus.publish_soon(HAPPENED)
    with pytest.raises(Refusal, match="not you"):
        await handle
    del handle
    gc.collect()
    assert not caplog.records


def test_without_a_loop_wait_raises_it(bus):
    bus.add_middleware(refuse)
    with pytest.raises(Refusal):
        bus.publish_soon(HAPPENED).wait(5)


@pytest.mark.parametrize("middleware", [refuse, refuse_later])
async def test_nobody_asks_for_it_and_it_is_one_warning_without_a_traceback(bus, middleware, caplog):
    bus.add_middleware(middleware)
    bus.publish_soon(HAPPENED)
    await bus.drain()
    gc.collect()
    (record,) = caplog.records
    assert (record.levelname, record.exc_info) == ("WARNING", None)
    assert record.getMessage() == "publish_soon of thing.happened was refused: not you"


async def test_what_else_a_sync_middleware_raises_still_comes_out_of_the_call(bus):
    bus.add_middleware(lambda event: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        bus.publish_soon(HAPPENED)
