"""`plugbus audit export`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from plugbus.cli.exits import CannotRun
from plugbus.cli.text import amount, printable
from plugbus_audit.cli.filters import filter_options, reads_trail
from plugbus_audit.cli.progress import progress_of
from plugbus_audit.exporting import ExportFormat, export
from plugbus_audit.filters import Filter
from plugbus_audit.record import EVENTS


__all__ = ("export_command",)

_SUFFIXES: dict[str, ExportFormat] = {".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet"}


def export_command(path: Path) -> click.Command:
    """
    Return the command.

    Args:
        path: The trail that it reads.
    """

    @click.command("export")
    @click.option(
        "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file; default: standard output."
    )
    @click.option(
        "--format",
        "form",
        type=click.Choice(["jsonl", "csv", "parquet"]),
        help="Default: as the file's name ends, else jsonl.",
    )
    @click.option("--force", is_flag=True, help="Replace the file if it is there.")
    @filter_options(EVENTS)
    @reads_trail
    def command(output: Path | None, form: ExportFormat | None, force: bool, where: Filter) -> None:
        """
        Write the events that all options hold for into a file, as JSON lines, CSV or Parquet.

        JSON lines are CloudEvents objects, which `plugbus publish` reads. Parquet needs plugbus-audit[parquet]. The
        file is there when it is complete, not before. Exit code 1 if there is no trail.
        """
        form = form or _SUFFIXES.get(output.suffix.lower() if output is not None else "", "jsonl")
        if output is None and form == "parquet":
            raise click.UsageError("Parquet is no text for a terminal or a pipe; say where it goes: -o events.parquet")
        if output is not None and output.exists() and not force:
            raise click.UsageError(printable(f"{output} is there already; --force replaces it"))
        try:
            with _opened(output) as file, progress_of(path) as progress:
                written = export(path, file, form, where, progress=progress)
        except BrokenPipeError:
            raise
        except OSError as error:
            name = output if output is not None else "standard output"
            raise CannotRun(printable(f"cannot write {name}: {error.strerror or error}")) from error
        click.echo(printable(f"{amount(written, 'event')} written to {output or 'standard output'}."), err=True)

    return command


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    """Open a file that is there under its name when all is written, and leaves nothing if it is not."""
    if output is None:
        yield sys.stdout.buffer
        return
    unfinished = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)
