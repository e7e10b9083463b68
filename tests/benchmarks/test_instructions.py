"""How many bytecode instructions a publish executes: a longer path is seen on however noisy a machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
EXPECTED = json.loads((Path(__file__).parent / "instructions.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def shapes():
    from cases import shapes

    return shapes


def test_a_publish_executes_exactly_as_many_instructions_as_are_written_down(benchmarks):
    if VERSION not in EXPECTED:
        pytest.skip(f"no numbers for Python {VERSION}; `python benchmarks/instructions.py --update` writes them")
    # In a process without pytest, which rewrites the assertions of packages that bring a plugin for it.
    command = [sys.executable, str(benchmarks / "instructions.py")]
    finished = subprocess.run(command, check=False, capture_output=True, text=True, timeout=90)
    assert finished.returncode == 0, (
        f"{finished.stdout}{finished.stderr}\nMeant to be so? "
        "`tox -e instructions-py311,instructions-py312,instructions-py313` writes the new numbers."
    )


def test_a_feature_costs_event_types_that_do_not_use_it_not_a_single_instruction(shapes):
    plain = shapes.instructions(shapes.SYNC[shapes.PLAIN])
    counted = {feature: shapes.instructions(shape) for feature, shape in shapes.ELSEWHERE.items()}
    assert counted == dict.fromkeys(shapes.ELSEWHERE, plain)


def test_a_feature_costs_event_types_that_use_it_something_so_the_count_sees_it(shapes):
    plain = shapes.instructions(shapes.SYNC[shapes.PLAIN])
    for used in ("when", "retry", "monitor", "1 middleware", "correlated"):
        assert shapes.instructions(shapes.SYNC[f"{shapes.PLAIN}, {used}"]) > plain


def test_counting_twice_gives_the_same(shapes):
    shape = shapes.ASYNC["10 async, suspending"]
    assert shapes.instructions(shape, shapes.one) == shapes.instructions(shape, shapes.one)


def test_counting_leaves_the_tracing_of_others_in_place(shapes):
    def trace(frame, event, argument):
        return None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        shapes.instructions(shapes.SYNC[shapes.PLAIN])
        assert sys.gettrace() is trace
    finally:
        sys.settrace(before)
