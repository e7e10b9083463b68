from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest


@pytest.fixture
def audit(configuration):
    """A function that runs `plugbus audit ...` beside a configuration."""

    def run(*arguments, code=0, **environment):
        steering = ("PLUGBUS_", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLUMNS", "PYTHONIOENCODING")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(steering)}
        done = subprocess.run(
            [sys.executable, "-m", "plugbus", "audit", *arguments],
            cwd=configuration.parent,
            env={**kept, "COLUMNS": "80", **environment},
            capture_output=True,
            timeout=60,
            check=False,
        )
        done.out, done.err = done.stdout.decode(), done.stderr.decode()
        assert done.returncode == code, f"exit code {done.returncode}\n{done.out}\n{done.err}"
        return done

    return run


def test_tail_shows_the_newest_events_one_a_line(audit, fill, record):
    fill(*(record(number) for number in range(30)))
    lines = audit("tail", "-n", "2").out.splitlines()
    assert lines == [
        '2026-11-20T19:00:00.000000Z  number.counted  test  {"n": 28}',
        '2026-11-20T19:00:00.000000Z  number.counted  test  {"n": 29}',
    ]
    assert len(audit("tail").out.splitlines()) == 20


def test_tail_can_be_limited_to_types(audit, fill, record):
    fill(record(1, type="user.created"), record(2, type="item.created"))
    assert "item" not in audit("tail", "--type", "user.*").out
    refused = audit("tail", "--type", "user", code=2).err
    assert "'user' is no pattern" in refused
    assert "--type" in refused


def test_tail_as_json_is_what_was_recorded_and_can_be_published_again(audit, fill, record, configuration):
    fill(record(1), record(2))
    out = audit("tail", "--format", "json").out
    assert [json.loads(line)["id"] for line in out.splitlines()] == ["1", "2"]
    command = [sys.executable, "-m", "plugbus", "publish", "-"]
    subprocess.run(command, cwd=configuration.parent, input=out.encode(), capture_output=True, timeout=60, check=True)


HOSTILE = "[red]x[/red] :bomb: \x1b[31m \x9b31m \x07 \u202e \u2028 \U000e0041 \x7f"


def test_nothing_in_an_event_can_steer_the_terminal(called, fill, record):
    text = json.loads(record(1))
    fill(
        json.dumps(
            {**text, "correlationid": "c", "type": f"a.{HOSTILE}", "source": HOSTILE, "data": {"x": HOSTILE}},
            ensure_ascii=False,
        ).encode()
    )
    commands = ["tail", "stats", "search", "show 1", "trace c"]
    commands += [f"{command} --format json" for command in commands]
    for command in commands:
        for color in ({}, {"FORCE_COLOR": "1", "TERM": "xterm-256color"}):
            out = re.sub(r"\x1b\[[\d;]*m", "", called(*command.split(), **color).out)
            assert all(char.isprintable() or char == "\n" for char in out), command
            if "json" not in command:
                assert "[red]x[/red] :bomb:" in out, "shown as it is, not as markup"


def test_json_that_is_made_safe_means_the_same(audit, fill, record):
    data = {**json.loads(record(1)), "data": {"x": HOSTILE}}
    fill(json.dumps(data, ensure_ascii=False).encode())
    data.pop("kind")
    shown = json.loads(audit("tail", "--format", "json").out)
    assert {name: shown[name] for name in data} == data


def test_an_event_without_data_is_shown_with_the_reason(audit, fill):
    fill(b'{"kind":"event","id":"1","type":"a.b","unencodable":{"reason":"it holds a socket"}}')
    assert audit("tail").out.endswith("Z  a.b  -  unencodable: it holds a socket\n")


def test_long_lines_are_not_cut_when_they_are_piped(audit, fill, record):
    fill(record("x" * 500))
    (line,) = audit("tail").out.splitlines()
    assert "x" * 500 in line


def test_stats_show_bars_by_type_and_by_hour(audit, fill, record):
    fill(*(record(number, type="user.created") for number in range(30)), record(30, type="item.created"))
    lines = audit("stats", PYTHONIOENCODING="utf-8").out.splitlines()
    assert lines[0].startswith("31 events in ")
    assert lines[1] == "from 2026-11-20T19:00:00.000000Z to 2026-11-20T19:00:00.000000Z"
    shown = [line.split() for line in lines]
    assert ["user.created", "30", "█" * 30] in shown
    assert ["item.created", "1", "█"] in shown
    assert ["2026-11-20T19", "31", "█" * 30] in shown


def test_stats_use_plain_characters_where_the_terminal_has_no_others(audit, fill, record):
    fill(record(1))
    out = audit("stats", PYTHONIOENCODING="ascii").out
    assert "#" * 30 in out
    assert out.isascii()


def test_of_many_hours_the_last_are_shown(audit, fill, record):
    fill(
        *(record(number, time=f"2026-11-{1 + number // 24:02}T{number % 24:02}:00:00.000000Z") for number in range(100))
    )
    out = audit("stats").out
    assert "by hour, the last 24 that had any" in out
    assert "2026-11-05T03" in out
    assert "2026-11-04T03" not in out
    assert len(json.loads(audit("stats", "--format", "json").out)["hours"]) == 100


def test_stats_as_json(audit, fill, record):
    fill(record(1), record(2))
    assert json.loads(audit("stats", "--format", "json").out) == {
        "total": 2,
        "first": "2026-11-20T19:00:00.000000Z",
        "last": "2026-11-20T19:00:00.000000Z",
        "types": {"number.counted": 2},
        "hours": {"2026-11-20T19": 2},
    }


def test_stats_of_an_empty_trail(audit, fill):
    fill()
    assert audit("stats").out.startswith("0 events in ")
    assert audit("tail").out == ""


@pytest.mark.parametrize("command", ["tail", "stats"])
def test_where_there_is_no_trail_yet_the_command_says_so_and_makes_none(audit, trail, command):
    done = audit(command, code=1)
    assert done.out == ""
    assert done.err.startswith(f"there is no audit trail {trail.path} yet")
    assert not trail.path.exists()


@pytest.mark.parametrize("command", ["tail", "stats"])
def test_a_file_that_is_no_trail_is_a_clear_error(audit, trail, command):
    trail.path.write_text("Dear diary, " * 500)
    done = audit(command, code=2)
    assert "is no SQLite database" in done.err
    assert "Traceback" not in done.err


def test_no_color_is_heeded(audit, fill, record):
    fill(record(1))
    assert "\x1b[" in audit("tail", FORCE_COLOR="1", TERM="xterm-256color").out
    for command in ("tail", "stats"):
        colored = audit(command, FORCE_COLOR="1", TERM="xterm-256color", NO_COLOR="1").out
        assert not re.search(r"\x1b\[[\d;]*3\dm", colored)


def test_the_commands_start_no_plugin(audit, fill, record, trail):
    fill(record(1))
    audit("tail")
    audit("stats")
    assert trail.ids() == ["1"]
