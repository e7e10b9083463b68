"""`plugbus audit upgrade`."""

from __future__ import annotations

import logging
from contextlib import closing

import click

from plugbus.cli.exits import FINDINGS
from plugbus.cli.text import printable
from plugbus_audit.settings import AuditSettings


__all__ = ("upgrade_command",)


def upgrade_command(settings: AuditSettings) -> click.Command:
    """Return the command."""

    @click.command()
    def upgrade() -> None:
        """
        Bring a trail of an older format to the present one, in its place; a bus does so too when it starts.

        Exit code 1 if there is no trail.
        """
        from plugbus_audit.assembly import make_ledger
        from plugbus_audit.schema import FORMAT
        from plugbus_audit.store import RecordTable

        path = settings.path
        if not path.exists():
            click.echo(printable(f"there is no audit trail {path}"), err=True)
            raise click.exceptions.Exit(FINDINGS)
        if not path.is_dir():
            ledger = make_ledger(settings, logging.getLogger("plugbus.audit"))
            with closing(RecordTable(ledger).connect()):
                ledger.rest()
                ledger.end()
        click.echo(printable(f"{path} has format {FORMAT}."))

    return upgrade
