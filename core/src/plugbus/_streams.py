"""Reading events instead of handling them: `wait_for` one, or a `stream` of them."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self
from weakref import finalize, ref

from plugbus.errors import BusClosed, StreamOverflow, UsageError


if TYPE_CHECKING:
    from plugbus.bus import EventBus
    from plugbus.handlers import Subscription, What

__all__ = ("Overflow", "Reader", "Stream", "wait_for")

Overflow = Literal["raise", "drop_oldest", "drop_newest"]


def wait_for(
    bus: EventBus, what: Sequence[What], where: Callable[[Any], bool] | None, timeout: float | None
) -> Coroutine[Any, Any, Any]:
    """Return what waits for the next event that fits; see `EventBus.wait_for`."""
    loop = asyncio._get_running_loop()
    if loop is None:
        raise UsageError("wait_for() is for async code, in a running loop; in sync code subscribe with once=True")
    wait = _Wait(loop)
    # Subscribed before the first await: what is published in between is not missed.
    subscription = bus.subscribe(what, wait.take, when=where, once=True, first=True, name=f"wait_for-{id(wait):x}")
    bus._engine.attend(wait)

    async def found() -> Any:
        limit = asyncio.timeout(timeout)
        try:
            async with limit:
                return await wait.found
        except TimeoutError as error:
            if not limit.expired():
                raise
            names = ", ".join(one if isinstance(one, str) else one.__name__ for one in what)
            raise TimeoutError(f"no {names} that fits was published within {timeout:g} s") from error
        finally:
            bus.unsubscribe(subscription)

    coroutine = found()
    finalize(coroutine, bus.unsubscribe, subscription).atexit = False  # never awaited, it unsubscribes all the same
    return coroutine


class Reader(Protocol):
    """One who waits for events, and does so in vain when the bus has stopped."""

    def close(self) -> None:
        """Wait no more; called from any thread."""


class _Wait:
    """The one event that somebody waits for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.found: asyncio.Future[Any] = loop.create_future()

    def take(self, event: Any) -> None:
        _settle(self.found, event)

    def close(self) -> None:
        _settle(self.found, BusClosed("the bus was stopped before the event came that was waited for"))


def _settle(future: asyncio.Future[Any], outcome: object) -> None:
    """End a wait with a value or an error, from any thread."""

    def settle() -> None:
        if future.done():
            return
        if isinstance(outcome, BusClosed):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

    with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
        future.get_loop().call_soon_threadsafe(settle)


class Stream:
    """
    An asynchronous iterator over events, subscribed from its creation on.

    Leave it with `async with`, `close()`, or by dropping it. When the bus stops, it ends after what it holds.

    Attributes:
        dropped: How many events did not fit.
    """

    def __init__(self, bus: EventBus, what: Sequence[What], maxsize: int, overflow: Overflow) -> None:
        if overflow not in ("raise", "drop_oldest", "drop_newest"):
            raise UsageError(f"overflow is 'raise', 'drop_oldest' or 'drop_newest', got {overflow!r}")
        if not isinstance(maxsize, int) or maxsize < 1:
            raise UsageError(f"maxsize is a whole number from 1, got {maxsize!r}")
        self.dropped = 0
        self._events: deque[Any] = deque()
        self._maxsize = maxsize
        self._overflow = overflow
        self._closed = True
        self._reader: asyncio.Future[None] | None = None
        self._lock = threading.Lock()
        self._bus = bus
        weak = ref(self)

        def take(event: Any) -> None:
            stream = weak()
            if stream is not None:
                stream._take(event)

        self._subscription: Subscription = bus.subscribe(what, take, name=f"stream-{id(self):x}")
        self._closed = False
        bus._engine.attend(self)

    def _take(self, event: Any) -> None:
        with self._lock:
            if len(self._events) >= self._maxsize:
                if self._overflow == "raise":
                    raise StreamOverflow(
                        f"a stream holds {self._maxsize} events that nobody has read; read faster, or choose another "
                        f"overflow"
                    )
                self.dropped += 1
                if self._overflow == "drop_newest":
                    return
                self._events.popleft()
            self._events.append(event)
        self._wake()

    def _wake(self) -> None:
        reader = self._reader
        if reader is not None:
            _settle(reader, None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        if self._reader is not None:
            raise UsageError("a stream has one reader at a time; open another stream for another reader")
        while True:
            # Set before the look at what there is: whatever comes after that look wakes us.
            self._reader = asyncio.get_running_loop().create_future()
            try:
                with self._lock:
                    if self._events:
                        return self._events.popleft()
                if self._closed:
                    raise StopAsyncIteration
                await self._reader
            finally:
                self._reader = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Unsubscribe; what has been collected can still be read."""
        self._closed = True
        self._bus.unsubscribe(self._subscription)
        self._wake()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):  # else its making failed, or it is unsubscribed already
            self._bus.unsubscribe(self._subscription)
