"""`plugbus demo`: runs the storefront for a day and tells what became of each event."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plugbus.bus import EventBus
from plugbus.cli.demo import folder as demo_folder
from plugbus.cli.demo._shop import storefront
from plugbus.cli.demo.narrator import Narrator, Story
from plugbus.cli.demo.report import show
from plugbus.cli.exits import FINE
from plugbus.cli.session import Session
from plugbus.logger import logger


if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ("demo",)


@click.command()
@click.option(
    "--folder", metavar="DIR", help="Where to leave the shop, its configuration and the trail. Default: a new one."
)
@click.pass_context
def demo(ctx: click.Context, folder: str | None) -> None:
    """
    See a small storefront at work.

    Users sign up and log in, items are listed and sold; a middleware blocks an event, and a handler fails. The shop's
    source, its configuration and what the plugins wrote stay in a folder, to be looked at and changed.
    """
    session = Session.of(ctx)
    if session.config is not None:
        raise click.UsageError("the demo has a configuration of its own: leave out --config")
    installed = {record.name for record in session.plugins if record.distribution is not None}
    path = demo_folder.prepare(folder, installed)
    with _logged_to(path / demo_folder.LOG):
        bus = EventBus.from_config(path / demo_folder.CONFIG, disabled=session.disabled)
        day, closing = asyncio.run(_open_for_a_day(bus))
    off = {record.name for record in bus.plugins if record.state == "off"}
    show(day, closing, path, off=off, invocation=_invocation())
    ctx.exit(FINE)


async def _open_for_a_day(bus: EventBus) -> tuple[list[list[Story]], list[Story]]:
    """Return for each event of the day its story and those of the events that it caused; and what came at the end."""
    narrator = Narrator()
    bus.add_monitor(narrator)
    storefront.open_shop(bus)
    day: list[list[Story]] = []
    async with bus:
        for event in storefront.opening_day():
            await bus.publish(event)
            day.append(narrator.chapter(event))
    return day, narrator.rest()


@contextmanager
def _logged_to(file: Path) -> Iterator[None]:
    """Keep the event log, with the failing handler's traceback, out of the story."""
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    propagated = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.propagate = propagated
        logger.removeHandler(handler)
        handler.close()


def _invocation() -> str:
    """Return how the user called `plugbus`, so that what we tell to type works in the same way."""
    if "UV_RUN_RECURSION_DEPTH" in os.environ:
        return "uv run plugbus"
    return "python -m plugbus" if Path(sys.argv[0]).name == "__main__.py" else "plugbus"
