"""`plugbus audit verify`."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import click

from plugbus.cli.exits import FINDINGS
from plugbus.cli.text import amount, printable
from plugbus_audit.cli.progress import records_of
from plugbus_audit.errors import NoTrail
from plugbus_audit.problems import Verification
from plugbus_audit.settings import AuditSettings


__all__ = ("verify_command",)

_FILE = click.Path(path_type=Path, dir_okay=False)


def verify_command(settings: AuditSettings) -> click.Command:
    """Return the command."""

    @click.command()
    @click.option("--checkpoints", type=_FILE, help="The file with the checkpoints. Default: as configured.")
    @click.option("--public-key", type=_FILE, help="The Ed25519 key, PEM, that they must be signed with.")
    @click.option("--quiet", is_flag=True, help="No progress bar.")
    def verify(checkpoints: Path | None, public_key: Path | None, quiet: bool) -> None:
        """
        Find what was changed, removed, inserted, moved or cut off.

        Exit code 1 if anything was, or if there is no trail.
        """
        from plugbus_audit.verification import verify as examine

        if checkpoints is None and settings.checkpoint_path is not None and settings.checkpoint_path.exists():
            checkpoints = settings.checkpoint_path
        key = public_key or (settings.sign_key if checkpoints is not None else None)
        try:
            with nullcontext() if quiet else records_of(settings.path) as progress:
                found = examine(settings.path, checkpoint_path=checkpoints, public_key=key, progress=progress)
        except NoTrail as error:
            click.echo(printable(str(error)), err=True)
            raise click.exceptions.Exit(FINDINGS) from None
        _show(found, is_checked=checkpoints is not None)
        if not found.ok:
            raise click.exceptions.Exit(FINDINGS)

    return verify


def _show(found: Verification, *, is_checked: bool) -> None:
    for problem in found.problems:
        click.echo(printable(str(problem)))
    about = f"{amount(found.records, 'record')} in {amount(found.chains, 'chain')}"
    if found.purged:
        about = f"{about}, and {found.purged:,} removed by retention"
    if not found.ok:
        first = "" if found.first_bad is None else f"; the first bad record is {found.first_bad}"
        click.echo(f"The trail was changed: {amount(len(found.problems), 'problem')} in {about}{first}.")
    elif is_checked:
        behind = max(0, found.records + found.purged - found.vouched)
        click.echo(
            f"No sign of a change: {about}. {amount(found.checkpoints, 'checkpoint')} compared, the last of record "
            f"{found.vouched}; the {amount(behind, 'record')} after it could have been written by anybody."
        )
    else:
        click.echo(
            f"No sign of a change: {about}. Without checkpoints this shows accidents; who can write the file could "
            f"have written it anew."
        )
