"""`plugbus audit ...`: the trail on the command line. Only `replay` starts a bus."""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    import click

    from plugbus_audit.settings import AuditSettings

__all__ = ("commands",)


def commands(settings: AuditSettings) -> tuple[click.Command, ...]:
    """
    Return the commands.

    Args:
        settings: What the configuration says of the trail.
    """
    from plugbus_audit.cli.export import export_command
    from plugbus_audit.cli.looking import looking_commands
    from plugbus_audit.cli.purge import purge_command
    from plugbus_audit.cli.replay import replay_command
    from plugbus_audit.cli.stats import stats_command
    from plugbus_audit.cli.tracing import trace_command
    from plugbus_audit.cli.upgrade import upgrade_command
    from plugbus_audit.cli.verify import verify_command

    return (
        *looking_commands(settings.path),
        trace_command(settings.path),
        stats_command(settings.path),
        export_command(settings.path),
        replay_command(settings.path),
        verify_command(settings),
        purge_command(settings),
        upgrade_command(settings),
    )
