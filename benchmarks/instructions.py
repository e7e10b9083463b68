"""
Shows how many bytecode instructions of plugbus a publish executes, beside those that the tests expect.

    python benchmarks/instructions.py [--update]

The numbers depend on the version of Python. `tox -e instructions-py311,instructions-py312,instructions-py313` writes
those of all three.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from cases.shapes import all_instructions


EXPECTED = Path(__file__).resolve().parents[1] / "tests/benchmarks/instructions.json"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def read() -> dict[str, dict[str, int]]:
    return json.loads(EXPECTED.read_text(encoding="utf-8")) if EXPECTED.exists() else {}


def write(present: dict[str, int]) -> None:
    text = json.dumps(dict(sorted({**read(), VERSION: present}.items())), indent=2)
    EXPECTED.write_text(text + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description="How many bytecode instructions of plugbus a publish executes.")
    parser.add_argument("--update", action="store_true", help="make the present numbers those that the tests expect")
    given = parser.parse_args()
    expected, present = read().get(VERSION, {}), all_instructions()
    print(f"Python {VERSION}{'':31} expected  present")
    for shape, number in present.items():
        before = expected.get(shape)
        change = "" if before in {None, number} else f"  {number / before - 1:+.0%}"
        print(f"{shape:40}{before if before is not None else '-':>10}{number:>9}{change}")
    if given.update:
        write(present)
    return int(not given.update and expected != present)


if __name__ == "__main__":
    sys.exit(main())
