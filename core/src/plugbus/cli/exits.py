"""The exit codes, and what ends a command with one of them."""

from __future__ import annotations

import click


__all__ = ("FINDINGS", "FINE", "INTERRUPTED", "MISUSED", "CannotRun", "Failed")

FINE = 0
FINDINGS = 1
MISUSED = 2
INTERRUPTED = 130


class CannotRun(click.ClickException):
    """A file, a folder, a module or a plugin is not such that the command can run; the message says why."""

    exit_code = MISUSED


class Failed(click.ClickException):
    """What the command does went wrong; the message says where."""

    exit_code = FINDINGS
