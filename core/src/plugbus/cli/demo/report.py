"""Tells the demo's story, in 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugbus.cli.demo import folder as demo_folder
from plugbus.cli.demo._shop import storefront
from plugbus.cli.demo.exhibits import EXHIBITS, Exhibit
from plugbus.cli.text import amount, one_line, printable


if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from rich.console import Console

    from plugbus.cli.demo.narrator import Story

__all__ = ("show",)

_INDENT = "    "


def show(day: list[list[Story]], closing: list[Story], path: Path, *, off: Collection[str], invocation: str) -> None:
    """
    Print what happened, what it shows, and where to look next.

    Args:
        day: For each event its story, and those of the events that it caused.
        closing: What the bus published when it was stopped.
        path: The demo's folder.
        off: Plugins that are switched off.
        invocation: How the user calls `plugbus`.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(f"A small storefront opens for a day: {amount(len(day), 'event')}, and what became of each.\n")
    for number, (story, *caused) in enumerate(day, 1):
        _tell(console, number, story, caused)
    for story in closing:
        console.print(Text.assemble("    the bus stops: ", (story.type, "bold")))
        _tell_outcome(console, story, _INDENT * 2)
    _conclude(console, [*day, closing], len(day))
    _point(console, path, [exhibit for exhibit in EXHIBITS if exhibit.plugin not in off], invocation)


def _tell(console: Console, number: int, story: Story, caused: list[Story]) -> None:
    from rich.text import Text

    fields = " ".join(f"{name}={value}" for name, value in story.fields.items())
    console.print(Text.assemble(f"{number:3} ", (story.type, "bold"), f"  {one_line(fields)}"))
    _tell_outcome(console, story, _INDENT)
    for other in caused:
        console.print(Text.assemble(f"{_INDENT}caused ", (other.type, "bold")))
        _tell_outcome(console, other, _INDENT * 2)


def _tell_outcome(console: Console, story: Story, indent: str) -> None:
    from rich.text import Text

    for style, line in _outcome(story):
        console.print(Text(f"{indent}{line}", style=style), soft_wrap=True)


def _outcome(story: Story) -> Iterator[tuple[str, str]]:
    if story.blocked_by is not None:
        reason = getattr(getattr(storefront, story.blocked_by, None), "__doc__", None)
        yield "yellow", f"blocked by middleware {story.blocked_by}" + (f" ({reason})" if reason else "")
        return
    yield "green", f"handled by {', '.join([*story.handlers, *story.plugins]) or 'nobody'}"
    for failure in story.failures:
        yield (
            "red",
            f"failed in {failure.handler}: {type(failure.exception).__name__}: {one_line(str(failure.exception))}",
        )


def _conclude(console: Console, chapters: list[list[Story]], published: int) -> None:
    stories = [story for chapter in chapters for story in chapter]
    blocked = sum(story.blocked_by is not None for story in stories)
    failed = sum(len(story.failures) for story in stories)
    console.print(
        f"\n{amount(len(stories) - blocked, 'event')} reached their handlers, {len(stories) - published} of them "
        f"published by handlers or by the bus. {_blocked(blocked)} {failed} handler failed: "
        f"the others ran all the same, and the publisher got a result that names the failure.\n"
    )


def _point(console: Console, path: Path, exhibits: Sequence[Exhibit], invocation: str) -> None:
    left = [
        (demo_folder.STOREFRONT, "the shop: read it, change it, run it with Python"),
        (demo_folder.CONFIG, "its configuration"),
        (demo_folder.LOG, "the event log, with the failure's traceback"),
        *((exhibit.file, exhibit.holds) for exhibit in exhibits if (path / exhibit.file).exists()),
    ]
    console.print(f"Left in {printable(str(path))}:", markup=False, soft_wrap=True)
    for file, what in left:
        console.print(f"  {file:<16}{what}")
    for exhibit in exhibits:
        if (path / exhibit.file).exists():
            command = f"{invocation} --config {printable(str(path / demo_folder.CONFIG))} {exhibit.command}"
            console.print(f"\nLook at {exhibit.holds}:\n  {command}", markup=False, soft_wrap=True)
        else:
            console.print(
                f"\nThe plugin {exhibit.plugin} would add {exhibit.holds}. Install it and run the demo again:\n"
                f"  pip install plugbus-{exhibit.plugin}",
                markup=False,
            )


def _blocked(count: int) -> str:
    if count == 1:
        return "1 was blocked: no handler has seen it."
    return f"{count} were blocked: no handler has seen them."
