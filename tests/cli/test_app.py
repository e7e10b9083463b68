"""`--app module:attr`: the application's own bus."""

from __future__ import annotations

import pytest


EVENT = '{"type": "item.sold"}\n'


def refused(folder, app, **options):
    return folder.run("publish", "-", "--app", app, input=EVENT, code=2, **options).err


@pytest.mark.parametrize(
    ("app", "says"),
    [
        ("shop", "expected MODULE:ATTR, as in shop:bus"),
        (":bus", "expected MODULE:ATTR, as in shop:bus"),
        ("absent:bus", "there is no module absent; it is looked for in the current folder"),
        ("shop.absent:bus", "there is no module shop.absent"),
        ("shop:buss", "shop has no attribute buss; there is bus"),
        ("shop:take", "expected an EventBus, got an object of class function"),
    ],
)
def test_what_names_no_bus_is_told_in_one_line(shop, app, says):
    err = refused(shop, app)
    assert says in err
    assert len(err.splitlines()) == 1


def test_a_bus_may_be_an_attribute_of_something(folder):
    folder.write("app.py", "from plugbus import EventBus\nclass Site:\n    bus = EventBus()\nsite = Site()\n")
    folder.run("publish", "-", "--app", "app:site.bus", input=EVENT)


def test_a_module_may_be_part_of_a_package(folder):
    folder.write("shop/main.py", "from plugbus import EventBus\nbus = EventBus()\n")
    folder.run("publish", "-", "--app", "shop.main:bus", input=EVENT)


def test_a_module_that_cannot_be_imported_shows_its_own_lines_and_no_others(folder):
    folder.write("helper.py", "def prepare():\n    raise KeyError('colour')\n")
    folder.write("app.py", "import helper\nhelper.prepare()\n")
    err = refused(folder, "app:bus")
    assert "KeyError: 'colour'" in err
    assert 'helper.py", line 2' in err
    assert "importlib" not in err
    assert "plugbus/cli" not in err


def test_a_module_that_the_application_misses_is_named(folder):
    folder.write("app.py", "import absent_library\n")
    err = refused(folder, "app:bus")
    assert "No module named 'absent_library'" in err
    assert 'app.py", line 1' in err


def test_a_syntax_error_is_shown(folder):
    folder.write("app.py", "def :\n")
    assert "SyntaxError" in refused(folder, "app:bus")


def test_a_wrong_configuration_of_the_application_is_reported(folder):
    folder.write("plugbus.toml", "[bus]\nsourse = 1\n")
    folder.write("app.py", "from plugbus import EventBus\nbus = EventBus.from_config()\n")
    err = refused(folder, "app:bus")
    assert "plugbus.toml:2:1" in err
    assert "Traceback" not in err


def test_a_bus_that_has_published_already_can_be_used(folder):
    folder.write(
        "app.py",
        """
        from plugbus import Event, EventBus

        bus = EventBus()

        @bus.on("item.sold")
        async def tell(event):
            print("sold by", event.source)

        bus.publish_sync(Event(type="item.sold", source="import"))
        """,
    )
    done = folder.run("publish", "-", "--app", "app:bus", input='{"type": "item.sold", "source": "line"}')
    assert done.out.splitlines()[:2] == ["sold by import", "sold by line"]


def test_typed_events_of_the_application_are_rebuilt_as_their_class(folder):
    folder.write(
        "app.py",
        """
        from plugbus import EventBase, EventBus, event

        @event("item.sold")
        class ItemSold(EventBase):
            cents: int

        bus = EventBus()

        @bus.on(ItemSold)
        def tell(event: ItemSold):
            print("cents:", event.cents)
        """,
    )
    lines = '{"type": "item.sold", "payload": {"cents": 5}}\n{"type": "item.sold", "payload": {"cents": "five"}}\n'
    done = folder.run("publish", "-", "--app", "app:bus", input=lines, code=1)
    assert "cents: 5" in done.out
    assert done.err.startswith("<stdin>:2: expected a fitting 'cents' in the data of item.sold, got ")


def test_a_configuration_beside_it_is_refused(shop):
    done = shop.run("--config", "plugbus.toml", "publish", "-", "--app", "shop:bus", code=2)
    assert "--app brings a bus with a configuration of its own" in done.err
