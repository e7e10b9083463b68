"""The commands `plugbus guards ...`."""

from __future__ import annotations

from plugbus_guards.cli.check import check
from plugbus_guards.cli.list import list_rules
from plugbus_guards.cli.matrix import matrix_command
from plugbus_guards.cli.test import test_cases


__all__ = ("COMMANDS",)

COMMANDS = (list_rules, check, test_cases, matrix_command)
