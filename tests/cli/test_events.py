"""`plugbus events`: the catalog, and the source of plans."""

from __future__ import annotations

import json

import pytest


APP = '''
from plugbus import EventBase, EventBus, event, secret

bus = EventBus()


@event("order.placed", version=2)
class OrderPlaced(EventBase):
    """An order was placed."""

    number: int
    email: str = secret(default="nobody@example.org")


@bus.on(OrderPlaced)
async def send_mail(event): ...


@bus.on("order.*")
def count(event): ...


@bus.add_middleware
def check(event):
    return event
'''


@pytest.fixture
def app(folder):
    folder.write("app.py", APP)
    return folder


def test_the_catalog_lists_class_version_fields_and_handlers(app):
    out = app.run("events", "--app", "app:bus").out
    assert (
        "order.placed  version 2, app.OrderPlaced\n  fields    number, email?\n  handlers  send_mail, count\n"
    ) in out
    assert "user.created  version 1, generic events\n  fields    any, in its payload\n  handlers  none\n" in out
    assert "service.shutdown  version 1, plugbus.catalog.ServiceShutdown\n" in out


def test_one_type_is_shown_with_all_that_its_fields_are(app):
    assert app.run("events", "order.placed", "--app", "app:bus").out == (
        "order.placed  version 2, app.OrderPlaced\n"
        "  An order was placed.\n"
        "  fields\n"
        "    number: int\n"
        "    email: str = ***  (secret)\n"
        "  handlers  send_mail, count\n"
    )


def test_types_can_be_chosen_by_a_pattern(app):
    views = json.loads(app.run("events", "user.*", "--app", "app:bus", "--format", "json").out)
    assert [view["type"] for view in views] == [
        "user.created",
        "user.deleted",
        "user.login",
        "user.login_failed",
        "user.logout",
        "user.updated",
    ]


def test_the_catalog_comes_as_json(app):
    (view,) = json.loads(app.run("events", "order.placed", "--app", "app:bus", "--format", "json").out)
    assert view["cls"] == "app.OrderPlaced"
    assert [field["name"] for field in view["fields"]] == ["number", "email"]
    assert view["handlers"] == [{"name": "send_mail", "plugin": None}, {"name": "count", "plugin": None}]


def test_handlers_that_the_configuration_imports_are_listed(folder):
    folder.write("handling.py", "from plugbus import on_event\n@on_event('user.login')\ndef greet(event): ...\n")
    folder.write("plugbus.toml", "[bus]\nimports = ['handling']\n")
    assert "handlers  greet\n" in folder.run("events", "user.login").out


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("order.placd", "no class defines the event type 'order.placd', and no handler names it. Did you mean 'order."),
        ("Orders!", "Orders!"),
    ],
)
def test_a_type_that_nobody_knows_is_an_error(app, name, says):
    assert says in app.run("events", name, "--app", "app:bus", code=2).err


# --- plans


def test_the_source_of_a_plan_is_printed_and_can_be_compiled(app):
    out = app.run("events", "--plan", "order.placed", "--app", "app:bus").out
    assert out.splitlines()[:4] == [
        "# order.placed, version 2, app.OrderPlaced: what `await bus.publish(event)` runs",
        "# m0 is check",
        "# h0 is count",
        "# h1 is send_mail",
    ]
    assert "given = m0(event)\n" in out
    assert "r1 = await h1(event)" in out
    compile(out, "plan", "exec")


def test_a_plan_comes_as_json(app):
    (view,) = json.loads(app.run("events", "order.placed", "--plan", "--app", "app:bus", "--format", "json").out)
    assert view["bound"] == {"m0": "check", "h0": "count", "h1": "send_mail"}
    assert "def plan(event):" in view["source"]


def test_the_plan_of_a_type_that_nobody_defines_comes_with_a_note(app):
    done = app.run("events", "--plan", "order.placd", "--app", "app:bus")
    assert "Did you mean 'order.placed'?" in done.err
    assert "# h0 is count\n" in done.out


def test_a_plan_is_that_of_a_type(app):
    assert "--plan needs a TYPE" in app.run("events", "--plan", "--app", "app:bus", code=2).err


def test_what_a_module_raises_is_shown_with_its_own_lines_only(folder):
    folder.write("app.py", "1 / 0\n")
    folder.write("plugbus.toml", "[bus]\nimports = ['app']\n")
    err = folder.run("events", code=2).err
    assert 'app.py", line 1' in err
    assert "ZeroDivisionError" in err
    assert "`imports` of [bus] names the module app (plugbus.toml:2:12)" in err
    assert "_assembly" not in err
