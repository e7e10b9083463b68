"""`plugbus audit search` and `show`, and every command that reads where there is nothing to be read."""

from __future__ import annotations

import json
import sqlite3

import pytest

from plugbus_audit.schema import FORMAT


COMMANDS = ["tail", "tail --follow", "search", "show 1", "trace c", "stats", "export", "replay --dry-run"]


def record(number, kind="event", **members):
    made = {"kind": kind, "specversion": "1.0", "id": str(number), "type": "a.b", "source": "s", **members}
    return json.dumps({"time": "2026-11-20T19:00:00.000000Z", **made}, separators=(",", ":")).encode()


@pytest.fixture
def path(written):
    return written(
        record(1, type="user.created", correlationid="c", data={"user": {"id": 7, "name": "Ada"}}),
        record(2, type="user.login", correlationid="c", causationid="1", data={"user": {"id": "7"}}),
        record(2, "outcome", type="user.login", outcome={"handlers": ["mail"], "failures": [{"handler": "mail"}]}),
        record(3, "blocked", type="item.sold", source="web", data={"free": True}, blocked={"by": "no_free_items"}),
        record(4, time="2026-11-21T19:00:00.000000Z", data={"note": "to Ada"}),
    )


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ("", "1 2 3 4"),
        ("--type user.*", "1 2"),
        ("--since 2026-11-21", "4"),
        ("--until 2026-11-20T19:00:00Z", ""),
        ("--source web", "3"),
        ("--correlation c", "1 2"),
        ("--field payload.user.id=7", "1 2"),
        ("--field free=true --type item.*", "3"),
        ("--text ADA", "1 4"),
        ("--kind blocked --kind outcome", "2 3"),
        ("-n 2", "3 4"),
    ],
)
def test_search_shows_what_its_options_mean(called, path, options, ids):
    out = called("search", *options.split(), "--format", "json", path=path, code=0 if ids else 1).out
    assert " ".join(json.loads(line)["id"] for line in out.splitlines()) == ids


def test_search_shows_what_became_of_an_event(called, path):
    lines = called("search", path=path).out.splitlines()
    assert lines[1] == '2026-11-20T19:00:00.000000Z  user.login  s  failed in mail  {"user": {"id": "7"}}'
    assert lines[2] == '2026-11-20T19:00:00.000000Z  item.sold  web  blocked by no_free_items  {"free": true}'
    opened, outcome = called("search", "--kind", "opened", "--kind", "outcome", path=path).out.splitlines()
    assert "opened  -  opened: {" in opened
    assert 'user.login  s  outcome: {"handlers": ["mail"]' in outcome


def test_show_tells_everything_that_is_known_of_an_event(called, path):
    out = called("show", "2", path=path).out
    for said in ("user.login", "caused by    1", "number 3 of chain", '"handler": "mail"', "kind         outcome"):
        assert said in out
    event, outcome = map(json.loads, called("show", "2", "--format", "json", path=path).out.splitlines())
    assert (event["kind"], outcome["kind"], len(event["hash"])) == ("event", "outcome", 64)
    assert "has the id 5" in called("show", "5", path=path, code=1).err


def test_stats_count_what_the_options_mean(called, path):
    told = json.loads(called("stats", "--type", "user.*", "--format", "json", path=path).out)
    assert told["types"] == {"user.created": 1, "user.login": 1}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--type user", "'user' is no pattern"),
        ("--since yesterday", "expected ISO 8601"),
        ("--field user", "expected PATH=VALUE"),
    ],
)
@pytest.mark.parametrize("form", ["sqlite"], indirect=True)
def test_wrong_options_are_told_with_their_name(called, path, command, options, said):
    if command.startswith(("show", "trace")):
        pytest.skip("it has none of them")
    err = called(*command.split(), *options.split(), path=path, code=2).err
    assert said in err
    assert options.split()[0] in err


# --- where there is nothing to be read


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("place", ["missing", "an empty file", "an empty folder"])
def test_without_a_trail_every_command_says_so(called, tmp_path, command, place):
    trail = tmp_path / "audit.db"
    if place == "an empty file":
        trail.touch()
    elif place == "an empty folder":
        trail.mkdir()
    done = called(*command.split(), code=1)
    assert done.out == ""
    assert done.err.startswith(("there is no audit trail", "there is nothing in the audit trail"))
    assert trail.exists() == (place != "missing")


def text(path):
    path.write_text("Dear diary, " * 500)


def foreign(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()


def folder(path):
    path.mkdir()
    (path / "notes.txt").write_text("mine")


def newer(path, fill):
    fill(record(1))
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    connection.close()


def damaged(path, fill):
    fill(*(record(number, correlationid="c", data={"x": "x" * 200}) for number in range(500)))
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


TROUBLE = {
    "a text": (text, "is no SQLite database"),
    "a database of another program": (foreign, "is the database of another program"),
    "a folder of other files": (folder, "holds no audit trail, but other files"),
    "a trail of a newer format": (newer, "upgrade plugbus-audit"),
    "a damaged database": (damaged, "cannot read the audit trail"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("trouble", TROUBLE)
def test_what_cannot_be_read_is_a_clear_error(called, trail, command, trouble):
    make, said = TROUBLE[trouble]
    if make in (newer, damaged):
        make(trail.path, trail.fill)
    else:
        make(trail.path)
    err = called(*command.split(), code=2).err
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((b'"kind":"event"', b'"kind":"event'), "it is no record"),
        ((b"plugbus-audit/2", b"plugbus-audit/3"), "it is of the form plugbus-audit/3"),
        ((b',"hash":"', b',"hush":"'), "does not end with the hash"),
    ],
    ids=["no JSON", "newer", "cut lines"],
)
@pytest.mark.parametrize("form", ["jsonl"], indirect=True)
def test_lines_that_cannot_be_read_are_a_clear_error(called, path, command, change, said):
    (segment,) = path.glob("*.jsonl")
    content = segment.read_bytes()
    assert change[0] in content
    segment.write_bytes(content.replace(*change))
    err = called(*command.split(), path=path, code=2).err
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize("form", ["jsonl"], indirect=True)
def test_a_line_that_is_still_being_written_is_not_read(called, path):
    (segment,) = path.glob("*.jsonl")
    with segment.open("ab") as file:
        file.write(b'{"seq":7,"chain"')
    assert len(called("search", path=path).out.splitlines()) == 4
    assert len(called("tail", path=path).out.splitlines()) == 4


def test_no_color_is_heeded_and_colors_are_shown_where_they_may_be(called, path):
    for command in ("tail", "search", "trace c", "stats"):
        assert "\x1b[" in called(*command.split(), path=path, FORCE_COLOR="1", TERM="xterm-256color").out
        plain = called(*command.split(), path=path, FORCE_COLOR="1", TERM="xterm-256color", NO_COLOR="1").out
        assert not any(f"\x1b[{color}m" in plain for color in range(30, 38))
