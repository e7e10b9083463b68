"""What the README shows in blocks that are not executed with the page: they install things, or need a repository."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest


ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHELL = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[\w-]*)?\)")

EASY = [b"Ada Lovelace", "Zoë 東京".encode()]
QUOTED = [b'Joe "Quote" Smith', b"Back\\slash Jr"]
ODD = [b"Tab\tName", b"O'Neil $HOME `id`"]


def test_the_readme_shows_how_to_try_and_how_to_test():
    assert SHELL[:2] == [
        "python3 -m pip install uv && uv run plugbus demo\n",
        "python3 -m pip install tox && tox\n",
    ]


def test_what_a_newcomer_needs_is_within_one_screen():
    program = README.index("bus.publish_sync(")
    assert README[:program].count("\n") < 50


@pytest.fixture
def repository(tmp_path):
    """A function that makes a commit by each author in a folder with the trail switched on, which it returns."""
    settings = {
        "GIT_COMMITTER_NAME": "Test",
        "GIT_COMMITTER_EMAIL": "t@example.org",
        "GIT_AUTHOR_EMAIL": "t@example.org",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    environment = {os.fsencode(key): os.fsencode(value) for key, value in {**os.environ, **settings}.items()}

    def commit(authors):
        for author in authors:
            named = {**environment, b"GIT_AUTHOR_NAME": author}
            subprocess.run(["git", "commit", "-q", "--allow-empty", "-m", "x"], cwd=tmp_path, env=named, check=True)
        return tmp_path

    subprocess.run(["git", "init", "-q"], cwd=tmp_path, env=environment, check=True)
    (tmp_path / "plugbus.toml").write_text('[plugins.audit]\npath = "audit.db"\n', encoding="utf-8")
    return commit


def authors_after(block, folder):
    """Run a block of the README; return its exit code and the authors in the trail."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLUGBUS_")}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    finished = subprocess.run(block, shell=True, cwd=folder, env=environment, check=False, capture_output=True)
    with closing(sqlite3.connect(folder / "audit.db")) as trail:
        commits = trail.execute("SELECT body FROM records WHERE type = 'commit.created'").fetchall()
    return finished.returncode, sorted(json.loads(data)["data"]["author"] for (data,) in commits)


def test_the_history_of_a_repository_lands_in_the_trail_but_for_names_that_are_no_json(repository):
    (block,) = [block for block in SHELL if "--format='{" in block]
    command, stats = block.splitlines()
    assert authors_after(command, repository(EASY + QUOTED)) == (1, decoded(EASY))
    assert authors_after(stats, repository([]))[0] == 0


def test_the_safe_line_of_the_readme_takes_every_name(repository):
    (block,) = [block for block in SHELL if "%x00" in block]
    assert authors_after(block, repository(EASY + QUOTED + ODD)) == (0, decoded(EASY + QUOTED + ODD))


def decoded(authors):
    return sorted(author.decode("utf-8", "replace") for author in authors)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_what_the_pages_at_the_top_link_to_is_there(page):
    links = LINK.findall((ROOT / page).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []
