"""A whole run: where it took place, who took part, and its tables."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import version

import attrs

from harness.outcome import Row, Table
from peers import PROMISES, Peer
from plugbus._version import __version__


@attrs.frozen
class Participant:
    """
    A peer as it took part.

    Args:
        name: As it is shown.
        version: Of its distribution.
        form: What is called to publish.
        lacks: What plugbus promises and it does not, by the names of `PROMISES`.
    """

    name: str
    version: str
    form: str
    lacks: list[str]


@attrs.frozen
class Run:
    """
    What a run found.

    Args:
        python: The version of Python, in full.
        machine: What it ran on.
        plugbus: The version of plugbus.
        rounds: How often each statement was timed.
        quick: Whether it was a quick one, whose figures are an impression.
        peers: Who took part.
        absent: Why a peer did not.
        tables: What was measured.
    """

    python: str
    machine: str
    plugbus: str
    rounds: int
    quick: bool
    peers: list[Participant]
    absent: dict[str, str]
    tables: list[Table]

    @property
    def minor(self) -> str:
        return ".".join(self.python.split(".")[:2])

    def faster(self, row: Row, than: float) -> list[Participant]:
        """Return the peers whose figure in a row is less."""
        return [peer for peer in self.peers if peer.name in row.figures and row.figures[peer.name].value < than]


def run_of(peers: Iterable[Peer], absent: dict[str, str], tables: list[Table], rounds: int, *, quick: bool) -> Run:
    """Return the record of a run on this machine."""
    return Run(
        platform.python_version(),
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        __version__,
        rounds,
        quick,
        [
            Participant(peer.name, version(peer.distribution), peer.form, [p for p in PROMISES if p not in peer.keeps])
            for peer in peers
        ],
        absent,
        tables,
    )
