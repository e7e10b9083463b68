"""Every page's examples run; how they are marked is told in `page.py`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest


ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    path
    for pattern in ("README.md", "core/README.md", "plugins/*/README.md", "docs/**/*.md")
    for path in sorted(ROOT.glob(pattern))
    if "_build" not in path.parts
]


def run(page, folder):
    """Run a page in a process and a folder of its own, which sees this environment's programs and no configuration."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PLUGBUS_", "PYTEST_"))}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    environment["COLUMNS"] = "120"
    environment["PYTHONUNBUFFERED"] = "1"  # so that what is printed and what is logged come in the order of a terminal
    command = [sys.executable, "-W", "error", str(ROOT / "tests/docs/page.py"), str(page)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True, **pipes) as process:
        try:
            out, err = process.communicate(timeout=90)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with what it has started, which would go on for ever
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_examples_of_a_page_run(page, tmp_path):
    finished = run(page, tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.fixture
def outcome(tmp_path):
    """A function that runs a page of the given text and returns its exit code and what it said."""

    def run_text(text):
        page = tmp_path / "page.md"
        page.write_text(text.replace("'''", "```"), encoding="utf-8")
        folder = tmp_path / "empty"
        folder.mkdir()
        finished = run(page, folder)
        return finished.returncode, finished.stdout + finished.stderr

    return run_text


def test_the_blocks_of_a_page_share_their_names_and_may_await(outcome):
    text = """
'''python
import asyncio
async def answer(): return 42
'''
Then:
'''python
await asyncio.sleep(0)
print(await answer())
'''
'''text
4...
'''
"""
    assert outcome(text)[0] == 0


def test_a_block_that_raises_fails_and_the_traceback_names_its_line(outcome):
    code, said = outcome("one\n\n'''python\nx = 1\nraise ValueError(x)\n'''\n")
    assert code == 1
    assert 'page.md", line 5' in said


def test_output_that_differs_from_what_the_page_shows_fails(outcome):
    code, said = outcome("'''python\nprint(1)\n'''\n\n'''text\n2\n'''\n")
    assert code == 1
    assert "but it prints\n    1" in said


def test_blocks_with_a_file_name_become_files_that_commands_use(outcome):
    text = """
'''python
# tools/hello.py
print(open("hello.toml").read())
'''
'''toml
# hello.toml
a = 1
'''
'''console
$ python tools/hello.py
# hello.toml
a = 1
'''
"""
    assert outcome(text) == (0, "")


def test_a_file_that_nothing_on_the_page_uses_fails(outcome):
    code, said = outcome("'''python\n# lonely.py\nx = 1\n'''\n")
    assert code == 1
    assert "nothing runs it" in said


def test_a_command_that_fails_fails_unless_its_output_is_shown(outcome):
    assert outcome("'''console\n$ python -c 'raise SystemExit(3)'\n'''\n")[0] == 1


def test_a_command_whose_output_is_shown_may_fail(outcome):
    assert outcome("'''console\n$ echo no; exit 1\nno\n$ true\n'''\n")[0] == 0


def test_toml_that_is_none_fails(outcome):
    assert outcome("'''toml\na = \n'''\n")[0] == 1


def test_skipped_blocks_and_shell_blocks_are_left_alone(outcome):
    assert outcome("<!-- skip: next -->\n\n'''python\n1 / 0\n'''\n\n'''sh\nfalse\n'''\n")[0] == 0


def test_classes_of_a_page_are_found_in_its_module(outcome):
    text = """
'''python
from __future__ import annotations
import typing
class Order: ...
class Line:
    order: Order
assert typing.get_type_hints(Line)["order"] is Order
'''
"""
    assert outcome(text) == (0, "")
