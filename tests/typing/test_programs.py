"""Programs as users write them type-check under mypy's strict mode, and those that are wrong do not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest


pytest.importorskip("mypy")

FOLDER = Path(__file__).parent
PROGRAMS = sorted(path for path in FOLDER.glob("*.py") if not path.name.startswith("test_"))
FOUND = re.compile(r"(?P<file>[^:]+\.py):(?P<line>\d+): error: (?P<message>.*)")
EXPECTED = re.compile(r"# E: (?P<message>.*)")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What mypy reports, by file and line; one run for all programs."""
    cache = tmp_path_factory.mktemp("cache")
    options = ["--strict", "--config-file=", f"--cache-dir={cache}", "--enable-error-code=unused-awaitable"]
    command = [sys.executable, "-m", "mypy", *options, "--no-error-summary", "--hide-error-context", "--no-pretty"]
    run = subprocess.run([*command, *map(str, PROGRAMS)], capture_output=True, text=True, check=False)
    assert run.returncode in (0, 1), run.stdout + run.stderr
    messages = {}
    for match in map(FOUND.match, run.stdout.splitlines()):
        if match:
            place = (Path(match["file"]).name, int(match["line"]))
            messages.setdefault(place, []).append(match["message"])
    return messages


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_mypy_finds_what_the_comments_say_and_nothing_else(program, found):
    lines = enumerate(program.read_text(encoding="utf-8").splitlines(), start=1)
    expected = {number: match["message"] for number, line in lines if (match := EXPECTED.search(line))}
    reported = {line: "; ".join(messages) for (name, line), messages in found.items() if name == program.name}
    missed = {line: text for line, text in expected.items() if text not in reported.get(line, "")}
    surplus = {line: text for line, text in reported.items() if line not in expected}
    assert expected
    assert not missed, f"not reported: {missed}, but {reported}"
    assert not surplus
