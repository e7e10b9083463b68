"""`plugbus audit purge`."""

from __future__ import annotations

import click

from plugbus.cli.exits import FINDINGS
from plugbus.cli.text import amount, printable
from plugbus.config import parse_duration, parse_size
from plugbus_audit.cli.progress import records_of
from plugbus_audit.errors import NoTrail
from plugbus_audit.settings import AuditSettings


__all__ = ("purge_command",)


def purge_command(settings: AuditSettings) -> click.Command:
    """Return the command."""

    @click.command()
    @click.option("--keep-for", metavar="DURATION", help="How old records may be, as in '90d'.")
    @click.option("--keep-size", metavar="SIZE", help="What the trail may take up, as in '2GB'.")
    @click.option("--dry-run", is_flag=True, help="Only tell what would be removed.")
    def purge(keep_for: str | None, keep_size: str | None, dry_run: bool) -> None:
        """
        Remove old records from the front of the trail, and leave a tombstone, so that the rest still verifies.

        What is not said is as configured. Exit code 1 if there is no trail.
        """
        from plugbus_audit.purging import purge as remove

        try:
            seconds = parse_duration(keep_for) if keep_for is not None else settings.keep_for
            size = parse_size(keep_size) if keep_size is not None else settings.keep_size
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        if seconds is None and size is None:
            raise click.UsageError("say what is kept: --keep-for, --keep-size, or the settings keep_for and keep_size")
        try:
            with records_of(settings.path) as progress:
                grave = remove(
                    settings.path,
                    keep_for=seconds,
                    keep_size=size,
                    checkpoint_path=settings.checkpoint_path,
                    sign_key=settings.sign_key,
                    dry_run=dry_run,
                    progress=progress,
                )
        except NoTrail as error:
            click.echo(printable(str(error)), err=True)
            raise click.exceptions.Exit(FINDINGS) from None
        if grave is None:
            click.echo("Nothing to remove.")
            return
        verb = "Would remove" if dry_run else "Removed"
        click.echo(
            f"{verb} {amount(grave.records, 'record')}, up to number {grave.through}, "
            f"recorded from {printable(grave.since)} to {printable(grave.until)}."
        )

    return purge
