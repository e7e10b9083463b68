"""What a plugin's distribution requires, read from its record: nothing of the plugin is imported for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from plugbus._version import __version__


if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    from plugbus.plugins.discovery import Candidate

__all__ = ("absent_requirements", "version_fault")

_PLUGBUS = re.compile(r"plugbus(?![A-Za-z0-9._-])[^;]*[<>=~!]", re.IGNORECASE)


def version_fault(candidate: Candidate, running: str = __version__) -> tuple[str, str] | None:
    """
    Check the versions of plugbus that a plugin's distribution says it works with.

    Args:
        candidate: The plugin's entry point.
        running: The version that is running.

    Returns:
        What is required, and which side to upgrade with which line; None if there is nothing wrong.
    """
    ours = [line for line in candidate.requires if _PLUGBUS.match(line)]
    for requirement in _read(ours) if ours else ():  # packaging is imported for those only
        wanted = requirement.specifier
        if not wanted.contains(running, prereleases=True):
            text = f"plugbus{_written(wanted)}"
            if _is_behind(wanted, running):
                return text, f'Upgrade plugbus: pip install "{text}"'
            return text, f"Upgrade {candidate.project}: pip install --upgrade {candidate.project}"
    return None


def absent_requirements(candidate: Candidate) -> list[str]:
    """Return what a plugin's distribution requires and what is not installed here, or not in that version."""
    from plugbus.plugins._metadata import installed_version

    absent = []
    for requirement in _read(candidate.requires):
        version = installed_version(requirement.name)
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            absent.append(f"{requirement.name}{_written(requirement.specifier)}")
    return absent


def _read(lines: tuple[str, ...] | list[str]) -> Iterator[Requirement]:
    """Read the requirements that hold in this environment; one that cannot be read is the installer's affair."""
    from packaging.requirements import InvalidRequirement, Requirement

    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement


def _written(wanted: SpecifierSet) -> str:
    """Write a set of versions with its lower bound first."""
    return ",".join(sorted(map(str, wanted), key=lambda one: (one.startswith("<"), one)))


def _is_behind(wanted: SpecifierSet, running: str) -> bool:
    """Tell whether a later plugbus is wanted, and not an earlier one."""
    from packaging.version import InvalidVersion, Version

    for one in wanted:
        if one.operator.startswith("<") or one.contains(running, prereleases=True):
            continue
        try:
            return Version(one.version.removesuffix(".*")) >= Version(running)
        except InvalidVersion:
            continue
    return False
