from __future__ import annotations

import importlib.util
import platform
import subprocess
import sys
import textwrap
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import plugbus
from plugbus.cli import main


def test_version_names_plugbus_and_python(folder):
    assert folder.run("--version").out == f"plugbus {plugbus.__version__} (Python {platform.python_version()})\n"


@pytest.mark.parametrize("arguments", [["--help"], ["-h"]])
def test_help_names_the_commands_the_options_and_the_exit_codes(folder, arguments):
    out = folder.run(*arguments).out
    for expected in (
        "config",
        "demo",
        "doctor",
        "events",
        "plugins",
        "publish",
        "--config FILE",
        "-p no:NAME",
        "Exit codes: 0 fine",
        "current folder",
    ):
        assert expected in out


@pytest.mark.parametrize("command", ["config", "demo", "doctor", "events", "plugins", "publish"])
def test_every_command_has_help(folder, command):
    assert folder.run(command, "--help").out.startswith(f"Usage: plugbus {command}")


def test_without_a_command_there_is_help_and_exit_code_2(folder):
    done = folder.run(code=2)
    assert "Usage: plugbus" in done.out + done.err


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("publsh", "there is no command or plugin 'publsh'. Did you mean 'publish'?"),
        ("cache", "plugin cache is not installed. Install it: pip install plugbus-cache"),
        ("nonsense", "there is no command or plugin 'nonsense'"),
    ],
)
def test_an_unknown_command_says_what_may_have_been_meant(folder, name, says):
    # Plugins of ours that are installed here would be found.
    assert says in folder.run(name, code=2).err


def test_an_option_at_the_wrong_place_says_where_it_goes(folder):
    done = folder.run("publish", "-", "--config", "plugbus.toml", code=2)
    assert "--config goes before the command: plugbus --config ... COMMAND" in done.err


@pytest.mark.parametrize(
    ("switch", "says"),
    [
        ("audit", "expected no:NAME, as in no:audit, got 'audit'"),
        ("no:", "expected no:NAME"),
        ("no:audti", "there is no plugin 'audti'. Did you mean 'audit'?"),
    ],
)
def test_a_switch_that_switches_nothing_off_is_an_error(folder, switch, says):
    assert says in folder.run("-p", switch, "plugins", code=2).err


def test_a_wrong_configuration_is_reported_without_traceback(folder):
    folder.write("plugbus.toml", "[bus]\nsourse = 'shop'\n")
    done = folder.run("publish", "-", code=2)
    assert "plugbus.toml:2:1" in done.err
    assert "Did you mean 'source'?" in done.err
    assert "Traceback" not in done.err


def test_the_configuration_may_be_named(folder):
    folder.write("conf/other.toml", "[bus]\nimports = ['listening']\n")
    folder.write(
        "listening.py",
        """
        from plugbus import on_event

        @on_event("item.sold")
        def take(event):
            print("source:", event.envelope.source)
        """,
    )
    folder.write_lines("events.jsonl", [{"type": "item.sold", "source": "till"}])
    done = folder.run("--config", "conf/other.toml", "publish", "events.jsonl")
    assert "source: till" in done.out


def test_starting_imports_only_what_is_needed(folder):
    program = """
        import contextlib, io, sys
        from plugbus.cli import main
        with contextlib.redirect_stdout(io.StringIO()):
            main(sys.argv[1:])
        print(*sys.modules)
    """
    for arguments, unwanted in {
        ("--version",): {"rich", "msgspec", "importlib_metadata", "tomllib", "pluggy", "cattrs", "sqlite3"},
        ("--help",): {"rich", "msgspec", "cattrs", "sqlite3", "plugbus.codec"},
        ("publish", "--help"): {"rich.console", "rich.table", "rich.progress", "plugbus.config", "sqlite3"},
    }.items():
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program), *arguments],
            cwd=folder.path,
            env=folder.environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        assert not unwanted & set(done.stdout.split()), arguments


@pytest.mark.parametrize(("present", "missing"), [((), "click and rich"), (("click",), "rich"), (("rich",), "click")])
def test_without_the_extra_the_line_that_installs_it_is_printed(folder, present, missing):
    site = folder.path / "site"
    site.mkdir()
    for name in ("plugbus", "attr", "attrs", *present):
        (site / name).symlink_to(Path(importlib.util.find_spec(name).origin).parent, target_is_directory=True)
    program = "import sys; from plugbus.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program, "--version"],  # without site-packages
        env=folder.environment(PYTHONPATH=str(site)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert f"The command line needs {missing}." in done.stderr
    assert '    pip install "plugbus[cli]"\n' in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_is_an_entry_point():
    (script,) = entry_points(group="console_scripts", name="plugbus")
    assert script.load() is main
