from __future__ import annotations

import os
import pty
import re
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest


def rows(path):
    with closing(sqlite3.connect(path / "audit.db")) as database:
        return [row[0] for row in database.execute("SELECT type FROM records WHERE kind = 'event' ORDER BY seq")]


@pytest.fixture
def demo(folder):
    """What the demo prints, with its files in the folder `shop`."""
    return folder.run("demo", "--folder", "shop")


def test_it_says_what_was_published_and_who_handled_it(demo):
    assert "1 user.signed_up  name=Ada email=***" in demo.out
    assert "handled by count_activity, send_welcome, audit" in demo.out
    assert "ada@example.org" not in demo.out


def test_it_says_what_was_blocked_and_why(demo):
    assert "blocked by middleware no_free_items (Block items without a price.)" in demo.out


def test_guards_block_what_nobody_may_and_that_is_recorded(demo, folder):
    assert re.search(r"10 item.deleted.*\n    blocked by middleware guards.*\n    caused audit.log", demo.out)
    assert "2 were blocked" in demo.out
    assert "audit.log" in rows(folder.path / "shop")
    done = folder.run("-p", "no:guards", "demo", "--folder", "open")
    assert "1 was blocked" in done.out


def test_it_says_which_handler_failed_and_that_the_others_ran(demo):
    assert "failed in send_receipt: ConnectionError: no mail server for Ada's receipt" in demo.out
    assert re.search(r"9 item.sold.*\n    handled by Inventory, audit\n    failed in send_receipt", demo.out)
    assert "ran all the same" in " ".join(demo.out.split())


def test_it_says_what_caused_what(demo):
    assert "caused user.locked\n        handled by count_activity" in demo.out


def test_the_traceback_is_in_the_event_log_and_not_in_the_story(demo, folder):
    assert "Traceback" not in demo.out + demo.err
    assert demo.err == ""
    log = (folder.path / "shop/plugbus.log").read_text()
    assert log.count("Traceback") == 1
    assert "send_receipt" in log


def test_the_trail_holds_every_event_that_was_not_blocked(demo, folder):
    types = rows(folder.path / "shop")
    assert types.count("user.signed_up") == 2
    assert types.count("item.listed") == 1
    assert types.count("user.login_failed") == 3
    assert {"user.locked", "item.sold", "error.occurred", "user.logout"} <= set(types)
    assert f"{len(types)} events reached their handlers" in demo.out


def test_the_command_that_it_names_shows_the_trail(demo, folder):
    command = demo.out.splitlines()[-1].strip()
    assert command.startswith("python -m plugbus --config shop/plugbus.toml audit ")
    shown = folder.run(*command.split()[3:]).out
    assert "user.locked" in shown


def test_everything_fits_into_80_columns(demo):
    assert all(len(line) <= 80 for line in demo.out.splitlines())


def test_what_is_left_can_be_run_as_a_program(demo, folder):
    before = len(rows(folder.path / "shop"))
    done = subprocess.run(
        [sys.executable, "shop/storefront.py"],
        cwd=folder.path,
        env=folder.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ItemListed(name='lunch', cents=0) was blocked" in done.stdout
    assert len(rows(folder.path / "shop")) == 2 * before


def test_it_may_run_twice_in_one_folder_and_keeps_what_was_changed(demo, folder):
    storefront = folder.path / "shop/storefront.py"
    storefront.write_text("# mine\n")
    before = len(rows(folder.path / "shop"))
    folder.run("demo", "--folder", "shop")
    assert storefront.read_text() == "# mine\n"
    assert len(rows(folder.path / "shop")) == 2 * before


def test_a_configuration_that_is_not_the_demos_is_left_alone(folder):
    folder.write("shop/plugbus.toml", "[bus]\n")
    done = folder.run("demo", "--folder", "shop", code=2)
    assert "shop/plugbus.toml is there already and not the demo's" in done.err
    assert (folder.path / "shop/plugbus.toml").read_text() == "[bus]\n"


def test_a_folder_that_cannot_be_made_is_told(folder):
    folder.write("shop", "a file")
    done = folder.run("demo", "--folder", "shop", code=2)
    assert "cannot write to the folder shop" in done.err
    assert "Traceback" not in done.err


def test_without_a_folder_it_makes_one_and_leaves_it(folder):
    done = folder.run("demo", env={"TMPDIR": str(folder.path)})
    (made,) = folder.path.glob("plugbus-demo-*")
    assert rows(made)
    assert f"Left in {made}:" in done.out


def test_the_configuration_of_the_current_folder_is_none_of_its_business(folder):
    folder.write("plugbus.toml", "[plugins.absent]\n")
    folder.run("demo", "--folder", "shop")
    assert "the demo has a configuration of its own" in folder.run("--config", "plugbus.toml", "demo", code=2).err


def test_without_plugins_it_runs_and_says_what_they_would_add(bare):
    done = bare.run("demo", "--folder", "shop")
    assert "handled by count_activity, send_welcome\n" in done.out
    assert "The plugin audit would add the trail" in done.out
    assert "pip install plugbus-audit" in done.out
    assert "audit" not in (bare.path / "shop/plugbus.toml").read_text()


def test_a_plugin_that_is_switched_off_is_left_out(folder):
    done = folder.run("-p", "no:audit", "demo", "--folder", "shop")
    assert not (folder.path / "shop/audit.db").exists()
    assert ", audit" not in done.out


def test_a_terminal_that_knows_no_unicode_is_no_problem(folder):
    folder.run("demo", "--folder", "shop", env={"PYTHONIOENCODING": "ascii"}).out.encode("ascii")


@pytest.mark.parametrize(("variables", "colored"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_color_is_for_terminals_and_no_color_is_heeded(folder, variables, colored):
    ours, theirs = pty.openpty()
    command = [*folder.program, "demo", "--folder", "shop"]
    subprocess.run(command, cwd=folder.path, env=folder.environment(**variables), stdout=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert ("\x1b[32m" in shown) is colored
    assert "handled by" in shown
