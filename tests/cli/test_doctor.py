"""`plugbus doctor`: findings with numbers, places and remedies, whatever is broken."""

from __future__ import annotations

import json

import pytest


GOOD = """
from plugbus.plugins import Health, Plugin, hookimpl


class ThePlugin(Plugin[None]):
    api = 1

    @hookimpl
    def health(self):
        return Health(STATUS, "as it is")
"""
SLOW = """
import asyncio
from contextlib import asynccontextmanager
from plugbus.plugins import Plugin, hookimpl


class ThePlugin(Plugin[None]):
    api = 1

    @hookimpl
    @asynccontextmanager
    async def lifespan(self):
        BODY
        yield
"""


def reported(folder, *arguments, code, **options):
    return json.loads(folder.run("doctor", *arguments, "--format", "json", code=code, **options).out)


def numbers(report, *, without=("PB206", "PB207")):
    """The numbers that were found, without those on what is installed for these tests."""
    return [finding["number"] for finding in report["findings"] if finding["number"] not in without]


def states(report):
    return {plugin["name"]: plugin["state"] for plugin in report["plugins"] if plugin["on"]}


def test_where_nothing_is_wrong_there_are_notes_at_most(folder):
    report = reported(folder, code=0)
    assert report["fine"]
    assert numbers(report) == []


def test_a_finding_has_a_number_a_place_and_a_remedy(folder):
    folder.write("plugbus.toml", "[bus]\nsourse = 'shop'\n")
    done = folder.run("doctor", code=1)
    assert "error PB101  plugbus.toml:2:1\n  unknown setting 'sourse' of [bus].\n  Did you mean 'source'?\n" in done.out
    assert done.out.splitlines()[-1].startswith("1 error")
    assert done.err == ""


@pytest.mark.parametrize("text", ["[bus\n", "[bus]\nimports = 7\n", "[plugins]\naudit = 1\n", "\xff"])
def test_a_configuration_that_cannot_be_used_is_a_finding(folder, text):
    (folder.path / "plugbus.toml").write_text(text, encoding="latin-1")
    assert numbers(reported(folder, code=1)) == ["PB101"]


def test_a_configuration_that_is_not_there_is_a_finding(folder):
    assert numbers(reported(folder, code=1, env={"PLUGBUS_CONFIG": "absent.toml"})) == ["PB101"]


def test_every_way_to_be_broken_has_its_number(folder):
    folder.install_plugin("raises", "raise RuntimeError('no such luck')")
    folder.install_plugin("ends", "raise SystemExit(3)")
    folder.install_plugin("old", GOOD.replace("api = 1", "api = 2"))
    folder.write("plugbus.toml", "[plugins.raises]\n[plugins.ends]\n[plugins.old]\n[plugins.absent]\n")
    report = reported(folder, code=1)
    assert numbers(report) == ["PB102", "PB103", "PB104", "PB104"]
    assert states(report) == {"raises": "broken", "ends": "broken", "old": "incompatible", "absent": "missing"}


def test_nothing_is_started_unless_one_asks(folder):
    folder.install_plugin("slow", SLOW.replace("BODY", "print('started')"))
    folder.write("plugbus.toml", "[plugins.slow]\n")
    done = folder.run("doctor")
    assert "started" not in done.err
    assert "slow acme-slow 1.0 ready" in " ".join(done.out.split())
    done = folder.run("doctor", "--live")
    assert done.err == "started\n"
    assert "slow acme-slow 1.0 started" in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("status", "number", "code"), [("ok", [], 0), ("degraded", ["PB402"], 1), ("failing", ["PB401"], 1)]
)
def test_live_plugins_are_asked_how_they_are(folder, status, number, code):
    folder.install_plugin("sick", GOOD.replace("STATUS", repr(status)))
    folder.write("plugbus.toml", "[plugins.sick]\n")
    report = reported(folder, "--live", code=code)
    assert numbers(report) == number
    assert report["health"] == {"sick": {"status": status, "detail": "as it is"}}
    assert states(report) == {"sick": "started"}
    assert f"health of sick: {status}  as it is\n" in folder.run("doctor", "--live", code=code).out


def test_a_plugin_that_cannot_be_started_is_a_finding_with_its_reason(folder):
    folder.install_plugin("slow", SLOW.replace("BODY", "raise OSError('no port is free')"))
    folder.write("plugbus.toml", "[plugins.slow]\n")
    report = reported(folder, "--live", code=1)
    assert numbers(report) == ["PB104"]
    hook = "hook 'lifespan' of plugin slow (acme-slow 1.0)"
    said = f"plugin slow could not be started: {hook} raised OSError: no port is free"
    assert report["findings"][0]["message"] == said
    assert states(report) == {"slow": "broken"}
    folder.write("plugbus.toml", "[plugins.slow]\nrequired = false\n")
    report = reported(folder, "--live", code=1)
    assert numbers(report) == ["PB107"]
    assert report["findings"][0]["message"] == said
    assert states(report) == {"slow": "degraded"}


def test_a_plugin_that_cannot_be_stopped_is_a_finding(folder):
    folder.install_plugin("slow", SLOW.replace("BODY", "pass") + "        raise OSError('the port stays open')\n")
    folder.write("plugbus.toml", "[plugins.slow]\n")
    report = reported(folder, "--live", code=1)
    hook = "hook 'lifespan' of plugin slow (acme-slow 1.0)"
    said = f"plugin slow failed to stop: {hook} raised OSError: the port stays open"
    assert said in [one["message"] for one in report["findings"]]


def test_handlers_of_the_application_are_looked_at(shop):
    report = reported(shop, "--app", "shop:bus", code=1)
    assert "handler send_mail listens to 'order.placed', which no class of events has" in [
        finding["message"] for finding in report["findings"]
    ]
    shop.write("handling.py", "from plugbus import on_event\n@on_event('user.creatd')\ndef greet(event): ...\n")
    shop.write("plugbus.toml", "[bus]\nimports = ['handling']\n")
    out = shop.run("doctor", code=1).out
    assert "warning PB301  handling.greet\n" in out
    assert "  Did you mean 'user.created'?\n" in out


def test_a_handler_with_a_wrong_signature_is_a_finding_with_its_place(folder):
    source = folder.write("app.py", "from plugbus import on_event\n@on_event('user.created')\ndef greet(a, b): ...\n")
    folder.write("plugbus.toml", "[bus]\nimports = ['app']\n")
    report = reported(folder, code=1)
    assert numbers(report) == ["PB303"]
    assert report["findings"][0]["place"] == f"{source}:2"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("1 / 0", "the bus cannot be built: ZeroDivisionError: division by zero; `imports` of [bus] names the module"),
        (
            "raise SystemExit(3)",
            "the bus cannot be built: a module of [bus] imports ended the program with exit code 3",
        ),
        ("import absent_library", "the bus cannot be built: ModuleNotFoundError: No module named 'absent_library'"),
    ],
)
def test_a_module_that_cannot_be_imported_is_a_finding(folder, source, says):
    folder.write("app.py", source)
    folder.write("plugbus.toml", "[bus]\nimports = ['app']\n")
    report = reported(folder, code=1)
    assert numbers(report) == ["PB101"]
    assert report["findings"][0]["message"].startswith(says)


def test_a_wrong_configuration_of_the_application_is_a_finding(folder):
    folder.write("plugbus.toml", "[plugins.absent]\n")
    folder.write("app.py", "from plugbus import EventBus\nbus = EventBus.from_config()\n")
    assert numbers(reported(folder, "--app", "app:bus", code=1)) == ["PB102"]


def test_what_names_no_bus_is_wrong_usage(shop):
    assert "shop has no attribute buss" in shop.run("doctor", "--app", "shop:buss", code=2).err


def test_there_is_no_color_where_nobody_wants_it(folder):
    folder.write("plugbus.toml", "[bus]\nsourse = 'shop'\n")
    assert "\x1b[" in folder.run("doctor", code=1, env={"FORCE_COLOR": "1"}).out
    # Bold is no color.
    plain = folder.run("doctor", code=1, env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).out
    assert "\x1b[1;31m" not in plain
