"""
What limits a publish: its parts one upon the other, beside the raw code, as bare as they can be written.

    python benchmarks/limits.py [--rounds N]

Each line adds one thing that a publish promises to the line above it. Where the sum of the parts is more than what a
publish shall cost at most, the bus cannot reach that without giving up one of them.
"""

from __future__ import annotations

import argparse
import asyncio

from harness.rounds import Sample, take_turns
from parts.awaited import awaited_parts, in_turn_parts, together_parts
from parts.called import correlated_parts, middleware_parts, sync_parts, value_parts
from parts.many import batch_parts, soon_parts


ROUNDS = 60


def show(title: str, samples: dict[str, Sample]) -> None:
    base = samples["raw"].timing.least
    print(f"\n{title}")
    for label, sample in samples.items():
        print(f"  {label:60} {sample.timing.least:8.0f} ns  {sample.timing.least / base:5.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="What limits a publish: its parts, beside the raw code.")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often each is timed; default {ROUNDS}")
    rounds = parser.parse_args().rounds
    loop = asyncio.new_event_loop()
    parts = {f"{count} sync handlers": sync_parts(count) for count in (1, 10, 100)}
    parts["10 sync handlers that return values"] = value_parts(10)
    parts["one async handler that does not suspend"] = awaited_parts()
    parts |= {f"{count} async handlers in sequence": in_turn_parts(0, count) for count in (10, 100)}
    parts["5 sync and 5 async handlers in sequence"] = in_turn_parts(5, 5)
    parts["10 async handlers side by side that do not suspend"] = together_parts(10)
    parts["3 middlewares, 1 handler"] = middleware_parts(3)
    parts["10 sync handlers, correlated"] = correlated_parts(10)
    parts["100 events at once to one sync handler"] = batch_parts(100)
    parts["publish_soon of 100 events to one async handler, per event"] = soon_parts(100)
    parts |= {f"{count} async handlers in sequence": in_turn_parts(0, count) for count in (10, 100)}
    parts["5 sync and 5 async handlers in sequence"] = in_turn_parts(5, 5)
    parts["10 async handlers side by side that do not suspend"] = together_parts(10)
    parts["3 middlewares, 1 handler"] = middleware_parts(3)
    parts["10 sync handlers, correlated"] = correlated_parts(10)
    parts["100 events at once to one sync handler"] = batch_parts(100)
    parts["publish_soon of 100 events to one async handler, per event"] = soon_parts(100)
    groups = {title: {label: Sample(statement, loop) for label, statement in found} for title, found in parts.items()}
    take_turns([tuple(group.values()) for group in groups.values()], rounds)
    for title, samples in groups.items():
        show(title, samples)
    loop.close()


if __name__ == "__main__":
    main()
