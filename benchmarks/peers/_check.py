"""Checks that a peer does what is timed: that each handler has run exactly once when the statement has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from harness.handlers import Kit
from harness.statement import Statement
from peers._peer import Cannot, Peer


COUNT = 4
# What is asked, and how many calls of handlers one execution stands for.
ASKED: dict[str, tuple[Callable[[Peer, Kit], Statement], int]] = {
    "called": (lambda peer, kit: peer.called(kit, COUNT), COUNT),
    "called_from_async": (lambda peer, kit: peer.called_from_async(kit, COUNT), COUNT),
    "values": (lambda peer, kit: peer.values(kit, COUNT), COUNT),
    "values_from_async": (lambda peer, kit: peer.values_from_async(kit, COUNT), COUNT),
    "awaited": (lambda peer, kit: peer.awaited(kit, COUNT), COUNT),
    "gathered": (lambda peer, kit: peer.gathered(kit, COUNT), COUNT),
    "gathered, suspending": (lambda peer, kit: peer.gathered(kit, COUNT, suspends=True), COUNT),
    "mixed": (lambda peer, kit: peer.mixed(kit, COUNT), COUNT),
    "wrapped": (lambda peer, kit: peer.wrapped(kit, COUNT), 1),
    "wrapped_async": (lambda peer, kit: peer.wrapped_async(kit, COUNT), 1),
    "soon": (lambda peer, kit: peer.soon(kit, COUNT), COUNT),
    "growing": (lambda peer, kit: peer.growing(kit, COUNT), 1),
}


def faults(peer: Peer, loop: asyncio.AbstractEventLoop) -> list[str]:
    """Return what a peer does otherwise than it says."""
    found = []
    for name, (ask, expected) in ASKED.items():
        kit = Kit(counted=True)
        try:
            run = ask(peer, kit).compile()
        except Cannot:
            continue
        for _ in range(2):
            outcome = run(1)
            if asyncio.iscoroutine(outcome):
                loop.run_until_complete(outcome)
        if (calls := kit.calls) != 2 * expected:
            found.append(f"{peer.name}: {name} called handlers {calls} times, not {2 * expected}")
    return found
