"""The main job on real input: the history of a git repository into the audit trail."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from contextlib import closing

import pytest


PLAIN = (
    """git log --format='{"type":"commit.created","source":"git","payload":{"sha":"%H","author":"%an","time":"%aI"}}'"""
)
# As in the README.
SAFE = r"""
git log --format='%H%x00%an%x00%aI' | python3 -c '
import json
for line in open(0, encoding="utf-8", errors="replace", newline="\n"):
    sha, author, time = line.rstrip("\n").split("\0")
    payload = {"sha": sha, "author": author, "time": time}
    print(json.dumps({"type": "commit.created", "source": "git", "payload": payload}))'
"""
PUBLISH = " | plugbus publish - --format json"

EASY = [b"Ada Lovelace", "Zoë 東京".encode()] * 20
HARD = [
    b'Joe "Quote" Smith',
    b"Back\\slash Jr",
    b"Tab\tName",
    b"O'Neil $HOME `id`",
    b"Caf\xe9 Latin",
    b"Bell\x07 Name",
    b"Re\rturn",
]


@pytest.fixture
def repository(folder):
    """A function that makes a git repository with one commit for each author, and the audit trail switched on."""

    def commit(authors):
        git = ["git", "-C", folder.path]
        subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
        stream = b"".join(
            b"commit refs/heads/main\n"
            b"author %b <a@example.org> %d +0100\n"
            b"committer Test <t@example.org> %d +0000\n"
            b"data 1\nx\n" % (author, second, second)
            for second, author in enumerate(authors, 1_700_000_000)
        )
        subprocess.run([*git, "fast-import", "--quiet"], input=stream, check=True)

    folder.write("plugbus.toml", '[plugins.audit]\npath = "audit.db"\n')
    return commit


def piped(folder, command, *, code):
    done = subprocess.run(
        command.strip() + PUBLISH.replace("plugbus", " ".join(folder.program)),
        shell=True,
        cwd=folder.path,
        env=folder.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


def trail(folder, what):
    with closing(sqlite3.connect(folder.path / "audit.db")) as database:
        return [row[0] for row in database.execute(f"SELECT {what} FROM records WHERE kind = 'event'")]


def test_the_trail_of_a_history_has_as_many_rows_as_there_are_commits(folder, repository):
    repository(EASY)
    done = piped(folder, PLAIN, code=0)
    assert json.loads(done.stdout)["published"] == len(EASY)
    assert len(trail(folder, "type")) == len(EASY)


def test_names_that_are_no_json_are_bad_lines_and_the_others_go_through(folder, repository):
    repository([*EASY, b'Joe "Quote" Smith', b"Back\\slash Jr"])
    done = piped(folder, PLAIN, code=1)
    assert len(trail(folder, "type")) == len(EASY)
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == ["<stdin>:1", "<stdin>:2"]


def test_the_safe_line_takes_every_name(folder, repository):
    repository([*EASY, *HARD])
    piped(folder, SAFE, code=0)
    authors = {json.loads(data)["data"]["author"] for data in trail(folder, "body")}
    assert len(trail(folder, "type")) == len(EASY) + len(HARD)
    assert authors == {name.decode("utf-8", "replace") for name in (*EASY, *HARD)}
