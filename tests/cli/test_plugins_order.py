"""`plugbus plugins order`: what events meet, and why in this order."""

from __future__ import annotations

import json

import pytest


GATE = """
from plugbus.plugins import Plugin, hookimpl


class ThePlugin(Plugin[None]):
    api = 1
    after = ("AFTER",)

    @hookimpl
    def middleware(self):
        def NAME(event):
            return event

        return [NAME]
"""
APP = """
from plugbus import EventBase, event, on_event


@event("order.placed")
class OrderPlaced(EventBase):
    number: int


@on_event(OrderPlaced)
async def send_mail(event): ...


@on_event("order.*", after="send_mail")
def count(event): ...
"""


@pytest.fixture
def gates(folder):
    """An application and two plugins, each of which wishes to come after the other one."""
    folder.install_plugin("east", GATE.replace("NAME", "check_east").replace("AFTER", "west"))
    folder.install_plugin("west", GATE.replace("NAME", "check_west").replace("AFTER", "east"))
    folder.write("app.py", APP)
    folder.write("plugbus.toml", "[bus]\nimports = ['app']\nplugins = ['west', 'east']\n")
    return folder


def test_middleware_and_handlers_are_shown_in_order_with_the_reason_of_each_place(gates):
    assert gates.run("plugins", "order", "order.placed").out == (
        "order.placed\n"
        "  middleware\n"
        "    1. check_west  (west_plugin.ThePlugin.middleware.<locals>.check_west, plugin\n"
        "    west)\n"
        "       order of plugins: west before east (`after` of plugin east (acme-east\n"
        "       1.0))\n"
        "       order of plugins: else number 1 of the list in [bus] (plugbus.toml:3:12)\n"
        "    2. check_east  (east_plugin.ThePlugin.middleware.<locals>.check_east, plugin\n"
        "    east)\n"
        "       order of plugins: west before east (`after` of plugin east (acme-east\n"
        "       1.0))\n"
        "       order of plugins: else number 2 of the list in [bus] (plugbus.toml:3:20)\n"
        "  handlers, stage 1 of 2, awaited in this order\n"
        "    1. send_mail  (app.send_mail)\n"
        "       handler count says after='send_mail'\n"
        "       subscribed as number 1\n"
        "  handlers, stage 2 of 2, called in this order\n"
        "    1. count  (app.count)\n"
        "       after='send_mail'\n"
        "       subscribed as number 2\n"
    )


def test_the_same_comes_as_json_for_every_type_that_reaches_a_handler(gates):
    (chain,) = json.loads(gates.run("plugins", "order", "--format", "json").out)
    assert chain["type"] == "order.placed"
    assert [link["name"] for link in chain["middleware"]] == ["check_west", "check_east"]
    assert [[link["name"] for link in stage] for stage in chain["stages"]] == [["send_mail"], ["count"]]


def test_types_that_go_the_same_way_are_shown_together(folder):
    folder.write("app.py", "from plugbus import on_event\n@on_event('user.*')\ndef count(event): ...\n")
    folder.write("plugbus.toml", "[bus]\nimports = ['app']\n")
    first = folder.run("plugins", "order").out.split("\n  handlers")[0]
    assert first.split() == [
        "user.created,",
        "user.deleted,",
        "user.login,",
        "user.login_failed,",
        "user.logout,",
        "user.updated",
    ]


def test_the_applications_own_bus_can_be_named(shop):
    out = shop.run("plugins", "order", "order.placed", "--app", "shop:bus").out
    assert "1. drop_noise  (shop.drop_noise)\n       added by the application, number 1\n" in out


def test_a_cycle_is_printed_with_the_source_of_each_edge(gates):
    gates.write("plugbus.toml", "[plugins.west]\n\n[plugins.east]\n")
    err = gates.run("plugins", "order", code=2).err
    assert (
        "the order of plugins closes a cycle: west before east (`after` of plugin east (acme-east 1.0)), "
        "east before west (`after` of plugin west (acme-west 1.0))"
    ) in err


def test_handlers_without_an_order_are_a_finding(folder):
    folder.write("app.py", APP.replace('after="send_mail"', 'after="nobody"'))
    folder.write("plugbus.toml", "[bus]\nimports = ['app']\n")
    assert "handlers have no order:" in folder.run("plugins", "order", "order.placed", code=1).out


def test_a_type_that_nobody_defines_is_shown_with_a_note(gates):
    done = gates.run("plugins", "order", "order.placd")
    assert "Did you mean 'order.placed'?" in done.err
    assert "1. count" in done.out


def test_where_nothing_is_handled_it_says_so(folder):
    out = folder.run("plugins", "order").out
    assert out.startswith("No event type that is known reaches a handler.")
    assert json.loads(folder.run("plugins", "order", "--format", "json").out) == []
