"""The guards of the configured bus."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from plugbus.cli.answers import answering, aside
from plugbus.cli.exits import CannotRun
from plugbus.cli.session import Session
from plugbus.errors import ServiceNotFound
from plugbus_guards.service import Guards


if TYPE_CHECKING:
    from collections.abc import Iterator

    import click

    from plugbus.bus import EventBus


__all__ = ("guards_of", "opened")


@contextmanager
def opened(ctx: click.Context, app: str | None, form: str) -> Iterator[tuple[EventBus, Guards]]:
    """
    Give the bus that the configuration describes, not started, and its guards.

    Args:
        ctx: The context of the command.
        app: Where the application's bus is, if it is not to be the configuration's.
        form: What `--format` says.

    Raises:
        CannotRun: If the plugin is not on.
    """
    with answering(form), aside() if form != "text" else nullcontext():
        bus = Session.of(ctx).bus(app)
        guards = guards_of(bus)
    try:
        yield bus, guards
    finally:
        guards.surroundings.close()


def guards_of(bus: EventBus) -> Guards:
    """
    Return the guards of a bus.

    Raises:
        CannotRun: If the plugin is not on.
    """
    try:
        return bus.service(Guards)
    except ServiceNotFound:
        raise CannotRun("the plugin guards is not on: write [plugins.guards] into the configuration") from None
