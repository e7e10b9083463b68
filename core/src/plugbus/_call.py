"""
One subscription's options, composed around its handler into one callable.

From the inside out: interceptors, the hop to another thread or loop, timeout, retry, monitors, `once`, `when`. What is
not asked for is not there.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import attrs

from plugbus._groups import is_awaitable
from plugbus._threads import depth
from plugbus.errors import HandlerTimeout
from plugbus.handlers import Retry, Subscription


__all__ = ("Call", "InterceptorForms", "Site", "compose")

Run = Callable[[Any], Any]


@attrs.frozen
class InterceptorForms:
    """An interceptor's two forms; at least one is there."""

    name: str
    sync: Callable[[Any, Run], Any] | None
    asynchronous: Callable[[Any, Run], Awaitable[Any]] | None


class Site(Protocol):
    """What a composed call needs of the bus that it runs on."""

    handled: Sequence[Callable[[Any, Subscription, Any], None]]

    async def run_in_thread(self, call: Run, event: Any, timeout: float | None, name: str) -> Any:
        """Run a sync call in a worker thread."""

    async def run_on_bus_loop(self, call: Run, event: Any) -> Any:
        """Run an async call on the bus's own loop."""

    def interceptors_of(self, subscription: Subscription) -> Sequence[InterceptorForms]:
        """Return what wraps the calls of a handler, the outermost first."""

    def forget(self, subscription: Subscription) -> None:
        """Unsubscribe a handler that was to run once."""


@attrs.frozen
class Call:
    """
    A subscription ready to be called.

    Args:
        subscription: What it was made of.
        run: Takes the event; gives an awaitable if `is_async`.
        is_async: Whether it belongs to the asynchronous part of its stage.
        blocking: The form for `publish_sync`, where a pause may block the thread.
        blocking_is_async: Whether that form gives an awaitable.
    """

    subscription: Subscription
    run: Run
    is_async: bool
    blocking: Run
    blocking_is_async: bool


def compose(subscription: Subscription, site: Site) -> Call:
    """Wrap a subscription's handler into what its options and the bus's interceptors and monitors ask for."""
    options = subscription.options
    run, is_async = _intercepted(subscription, site)
    if options.loop == "bus":
        run = _on_bus_loop(run, site)
    if options.timeout is not None and not options.in_thread:
        run = _timed(run, options.timeout, subscription.name)
    blocking, blocking_is_async = run, is_async
    if options.retry is not None:
        if is_async:
            run = blocking = _retried_async(run, options.retry)
        else:
            blocking = _retried(run, options.retry)
            run, is_async = (
                (_retried_async(_lifted(run), options.retry), True) if options.retry.delay else (blocking, False)
            )
    if blocking is run:
        run = blocking = _outer(run, is_async, subscription, site)
    else:
        run, blocking = (
            _outer(run, is_async, subscription, site),
            _outer(blocking, blocking_is_async, subscription, site),
        )
    return Call(subscription, run, is_async, blocking, blocking_is_async)


def _outer(run: Run, is_async: bool, subscription: Subscription, site: Site) -> Run:
    options = subscription.options
    if site.handled:
        run = _watched(run, is_async, subscription, site.handled)
    if options.once or options.when is not None:
        run = _chosen(run, is_async, subscription, site)
    return run


def _intercepted(subscription: Subscription, site: Site) -> tuple[Run, bool]:
    run, is_async, options = subscription.call, subscription.is_async, subscription.options
    inner: list[Callable[[Any, Run], Any]] = []
    outer: list[Callable[[Any, Run], Awaitable[Any]]] = []
    for forms in reversed(site.interceptors_of(subscription)):
        if not is_async and forms.sync is not None and not (outer and forms.asynchronous is not None):
            inner.append(forms.sync)
        elif forms.asynchronous is not None:
            outer.append(forms.asynchronous)
    for layer in inner:
        run = _layer(layer, run)
    if options.in_thread:
        run, is_async = _in_thread(run, options.timeout, subscription.name, site), True
    elif outer and not is_async:
        run, is_async = _lifted(run), True
    for layer in outer:
        run = _layer(layer, run)
    return run, is_async


def _layer(intercept: Callable[[Any, Run], Any], call_next: Run) -> Run:
    def call(event: Any) -> Any:
        return intercept(event, call_next)

    return call


def _lifted(run: Run) -> Run:
    async def call(event: Any) -> Any:
        value = run(event)
        return await value if is_awaitable(value) else value

    return call


def _in_thread(run: Run, timeout: float | None, name: str, site: Site) -> Run:
    def work(event: Any) -> Any:
        depth.set(depth.get() + 1)  # in a context of the job's own
        return run(event)

    def call(event: Any) -> Awaitable[Any]:
        return site.run_in_thread(work, event, timeout, name)

    return call


def _on_bus_loop(run: Run, site: Site) -> Run:
    def call(event: Any) -> Awaitable[Any]:
        return site.run_on_bus_loop(run, event)

    return call


def _timed(run: Run, seconds: float, name: str) -> Run:
    async def call(event: Any) -> Any:
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await run(event)
        except TimeoutError as error:
            if limit.expired():
                raise HandlerTimeout(f"handler {name} did not end within {seconds:g} s and was cancelled") from error
            raise

    return call


def _retried(run: Run, retry: Retry) -> Run:
    go_on = _retried_async(_lifted(run), retry)

    def call(event: Any) -> Any:
        attempt = 1
        while True:
            try:
                value = run(event)
            except retry.on:
                if attempt == retry.attempts:
                    raise
            else:
                return go_on(event, value, attempt) if is_awaitable(value) else value
            time.sleep(_pause(retry, attempt))
            attempt += 1

    return call


def _retried_async(run: Run, retry: Retry) -> Callable[..., Awaitable[Any]]:
    async def call(event: Any, begun: Awaitable[Any] | None = None, attempt: int = 1) -> Any:
        while True:
            try:
                return await (run(event) if begun is None else begun)
            except retry.on:
                if attempt == retry.attempts:
                    raise
            begun = None
            await asyncio.sleep(_pause(retry, attempt))
            attempt += 1

    return call


def _pause(retry: Retry, attempt: int) -> float:
    return retry.pause(attempt, random.random())  # noqa: S311  (spreads load, guards nothing)


def _chosen(run: Run, is_async: bool, subscription: Subscription, site: Site) -> Run:
    when, once = subscription.options.when, subscription.options.once

    def is_for(event: Any) -> bool:
        if when is not None and not when(event):
            return False
        if once:
            if not subscription.claim():
                return False
            site.forget(subscription)
        return True

    def call(event: Any) -> Any:
        return run(event) if is_for(event) else None

    async def call_async(event: Any) -> Any:
        return await run(event) if is_for(event) else None

    return call_async if is_async else call


def _watched(run: Run, is_async: bool, subscription: Subscription, monitors: Sequence[Callable[..., None]]) -> Run:
    async def finish(event: Any, value: Awaitable[Any]) -> Any:
        return tell(event, await value)

    def tell(event: Any, value: Any) -> Any:
        for monitor in monitors:
            monitor(event, subscription, value)
        return value

    def call(event: Any) -> Any:
        value = run(event)
        return finish(event, value) if is_awaitable(value) else tell(event, value)

    async def call_async(event: Any) -> Any:
        return tell(event, await run(event))

    return call_async if is_async else call
