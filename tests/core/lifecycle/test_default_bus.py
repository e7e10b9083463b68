"""The default bus: built on first use, from what it finds, with the handlers that waited for it."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import textwrap
import threading

import pytest

from plugbus import EventBase, EventBus, event, on_event
from plugbus._default import slot
from plugbus.errors import ConfigurationError, InvalidHandler
from plugbus.middleware import Monitor


@event("default.published")
class Published(EventBase):
    number: int = 0


@pytest.fixture(autouse=True)
def _no_default_bus(tmp_path, monkeypatch):
    """No default bus, nothing queued, and a folder without a configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PLUGBUS_CONFIG", raising=False)
    monkeypatch.setattr(slot, "bus", None)
    monkeypatch.setattr(slot, "queue", [])
    monkeypatch.setattr(slot, "declared", {})
    yield
    if slot.bus is not None:
        slot.bus.stop_sync()
    EventBus.reset()


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module of an application that can be imported; it is forgotten in the end."""
    monkeypatch.syspath_prepend(str(tmp_path))
    written = []

    def write(name, source):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(source), encoding="utf-8")
        importlib.invalidate_caches()
        written.append(name)
        return name

    yield write
    for name in written:
        sys.modules.pop(name, None)


HANDLERS = """
    from plugbus import on_event

    seen = []

    @on_event("default.published")
    def first(event):
        seen.append("first")

    @on_event("default.published")
    async def second(event):
        seen.append("second")
"""


def test_it_is_built_on_first_use_and_only_then():
    assert slot.bus is None
    assert EventBus.get_instance() is EventBus.get_instance()


def test_fifty_threads_that_ask_for_it_at_once_get_the_same(threads):
    begin = threading.Barrier(50)

    def get():
        begin.wait()
        return EventBus.get_instance()

    assert len({id(future.result(10)) for future in [threads(get) for _ in range(50)]}) == 1


def test_it_is_built_from_the_configuration_that_it_finds(tmp_path):
    (tmp_path / "plugbus.toml").write_text('[bus]\nsource = "shop"\n', encoding="utf-8")
    sources = []
    EventBus.get_instance().subscribe(Published, lambda event: sources.append(event.envelope.source))
    Published().publish()
    assert sources == ["shop"]


def test_a_broken_configuration_is_an_error_at_first_use(tmp_path):
    (tmp_path / "plugbus.toml").write_text("[bus]\nsorce = 'shop'\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(ConfigurationError) as caught:
            EventBus.get_instance()
        assert "Did you mean 'source'?" in str(caught.value)


def test_it_takes_the_handlers_that_were_queued_at_import(module):
    handlers = importlib.import_module(module("queued", HANDLERS))
    assert slot.bus is None
    Published().publish()
    assert handlers.seen == ["first", "second"]


def test_on_event_subscribes_at_once_when_there_is_a_default_bus(module):
    bus = EventBus.get_instance()
    importlib.import_module(module("late", HANDLERS))
    assert [subscription.name for subscription in bus.subscriptions()] == ["first", "second"]


def test_start_up_code_that_runs_twice_subscribes_once(module):
    importlib.reload(importlib.import_module(module("reloaded", "import plugbus\n")))
    seen = []

    def start_up():
        on_event(Published)(seen.append)
        EventBus.get_instance().subscribe("default.*", handler)

    def handler(event):
        seen.append("pattern")

    start_up()
    start_up()
    Published().publish()
    assert len(seen) == 2


def test_on_event_refuses_at_once_what_the_default_bus_could_not_take():
    with pytest.raises(InvalidHandler, match="takes_nothing\\(\\) must be callable with 1 argument"):

        @on_event(Published)
        def takes_nothing():
            pass

    with pytest.raises(InvalidHandler, match=r"no option 'timeut'\. Did you mean 'timeout'"):
        on_event(Published, timeut=3)(print)
    with pytest.raises(InvalidHandler, match="a handler is a function or an EventHandler object, got 3"):
        on_event(Published)(3)
    assert EventBus.get_instance().subscriptions() == ()


def test_on_event_takes_the_options_of_a_subscription():
    @on_event(Published, name="numbered", when=lambda event: event.number > 0)
    def handler(event):
        pass

    (subscription,) = EventBus.get_instance().subscriptions()
    assert subscription.name == "numbered"
    assert subscription.options.when is not None


def test_a_queued_handler_that_cannot_be_subscribed_is_an_error_at_every_use_until_it_is_mended(monkeypatch):
    seen = []

    def wrong(event: "Later"):  # noqa: F821, UP037  (unknown when it is declared)
        pass

    on_event(Published)(wrong)
    monkeypatch.setitem(wrong.__globals__, "Later", Monitor)
    on_event(Published)(seen.append)
    for _ in range(2):
        with pytest.raises(InvalidHandler, match="wrong"):
            EventBus.get_instance()


def test_nobody_gets_it_before_it_has_all_its_handlers(threads):
    for number in range(300):
        on_event(Published, name=f"handler {number}")(lambda _: None)
    begin = threading.Barrier(20)

    def publish():
        begin.wait()
        return len(EventBus.get_instance().publish_sync(Published()).handlers)

    assert {future.result(10) for future in [threads(publish) for _ in range(20)]} == {300}


def test_without_a_loop_event_publish_waits_for_the_result():
    EventBus.get_instance().subscribe(Published, lambda event: event.number)
    assert Published(number=7).publish().values == (7,)


async def test_inside_a_loop_event_publish_returns_a_handle():
    @on_event(Published)
    async def handler(event):
        await asyncio.sleep(0)
        return event.number

    handle = Published(number=7).publish()
    assert not handle.done()
    assert (await handle).values == (7,)
    await EventBus.get_instance().stop()


def test_reset_forgets_the_bus_with_its_handlers_and_middleware(module):
    seen = []
    bus = EventBus.get_instance()
    bus.subscribe(Published, seen.append)
    bus.add_middleware(lambda _: None)
    EventBus.reset()
    on_event(Published)(seen.append)
    EventBus.reset()
    assert EventBus.get_instance() is not bus
    assert EventBus.get_instance().subscriptions() == ()
    result = Published().publish()
    assert result.blocked_by is None
    assert seen == []
    bus.stop_sync()


@pytest.mark.parametrize("there_is_one", [False, True], ids=["no default bus", "a default bus"])
def test_override_puts_back_what_was(there_is_one):
    before = EventBus.get_instance() if there_is_one else None
    other, seen = EventBus(), []
    other.subscribe(Published, seen.append)

    def work():
        with EventBus.override(other) as overriding:
            assert overriding is EventBus.get_instance() is other
            Published().publish()
            raise KeyError

    with pytest.raises(KeyError):
        work()
    assert slot.bus is before
    assert len(seen) == 1
    other.stop_sync()


def test_override_may_be_nested():
    one, two = EventBus(), EventBus()
    with EventBus.override(one):
        with EventBus.override(two):
            assert EventBus.get_instance() is two
        assert EventBus.get_instance() is one


def test_snapshot_puts_back_handlers_middleware_interceptors_and_monitors():
    class Counting(Monitor):
        count = 0

        def published(self, event, result):
            type(self).count += 1

    bus, trail = EventBus.get_instance(), []
    bus.subscribe(Published, lambda _: trail.append("kept"), name="kept")
    with bus.snapshot() as same:
        assert same is bus
        bus.unsubscribe(bus.subscriptions()[0])
        bus.subscribe(Published, lambda _: trail.append("inside"))
        bus.add_middleware(lambda event: trail.append("middleware") or event)
        bus.add_interceptor(lambda event, call_next: trail.append("interceptor") or call_next(event))
        bus.add_monitor(Counting())
        Published().publish()
    assert trail == ["middleware", "interceptor", "inside"]
    trail.clear()
    Published().publish()
    assert trail == ["kept"]
    assert Counting.count == 1


def test_a_bus_imports_the_modules_that_its_configuration_names(module):
    module("imported", HANDLERS)
    config = {"bus": {"imports": ["imported"]}}
    one, two = EventBus.from_config(config), EventBus.from_config(config)
    assert slot.bus is None
    for bus in (one, two):  # though the module is imported once
        assert [subscription.name for subscription in bus.subscriptions()] == ["first", "second"]
        assert bus.publish_sync(Published()).ok
        bus.stop_sync()
    assert sys.modules["imported"].seen == ["first", "second"] * 2


def test_handlers_of_an_imported_module_are_subscribed_once_on_the_default_bus(tmp_path, module):
    name = module("imported_and_queued", HANDLERS)
    importlib.import_module(name)
    (tmp_path / "plugbus.toml").write_text(f'[bus]\nimports = ["{name}"]\n', encoding="utf-8")
    assert len(EventBus.get_instance().subscriptions()) == 2


def test_an_imported_module_may_declare_several_handlers_of_one_name(module):
    name = module(
        "same_names",
        """
        from plugbus import on_event

        seen = []

        def declare(number):
            @on_event("default.published")
            def handler(event):
                seen.append(number)

        declare(1)
        declare(2)
        """,
    )
    importlib.import_module(name)
    bus = EventBus.from_config({"bus": {"imports": [name]}})
    bus.publish_sync(Published())
    bus.stop_sync()
    assert sys.modules[name].seen == [1, 2]


def test_a_module_that_cannot_be_imported_is_a_problem_of_the_configuration():
    with pytest.raises(ConfigurationError) as caught:
        EventBus.from_config({"bus": {"imports": ["shop.handlers"]}})
    assert "cannot import module 'shop.handlers'. Is it installed" in str(caught.value)


def test_what_such_a_module_raises_is_raised(module):
    with pytest.raises(ZeroDivisionError):
        EventBus.from_config({"bus": {"imports": [module("broken_module", "1 / 0")]}})
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        EventBus.from_config({"bus": {"imports": [module("needs_more", "import no_such_dependency")]}})
    assert slot.bus is None


def test_importing_a_module_that_uses_on_event_builds_no_bus_and_reads_no_configuration(program, module, tmp_path):
    module("application", HANDLERS)
    (tmp_path / "plugbus.toml").write_text("this is no TOML", encoding="utf-8")
    process = program(
        """
        import json, sys
        sys.path.insert(0, ".")
        import application
        from plugbus._default import slot
        heavy = {"plugbus.config", "plugbus.plugins", "pluggy", "importlib_metadata", "tomllib", "cattrs", "msgspec"}
        print(json.dumps({"bus": slot.bus is not None, "loaded": sorted(heavy & set(sys.modules))}))
        """
    )
    out, err = process.communicate(timeout=60)
    assert err == ""
    assert json.loads(out) == {"bus": False, "loaded": []}
