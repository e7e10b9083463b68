"""Bad input: each gives one clear error that says what to do."""

from __future__ import annotations

import asyncio
import re

import pytest

from plugbus import Event, EventBase, EventBus, event
from plugbus.errors import (
    BusClosed,
    ConfigurationError,
    DefinitionError,
    InvalidEventType,
    InvalidHandler,
    InvalidPattern,
    LoopRunning,
    NotAnEvent,
    OrderError,
    PlugbusError,
)


@event("bad.published")
class Published(EventBase):
    pass


@event("bad.other")
class Other(EventBase):
    pass


def name_a_type(bus, name):
    Event(type=name)


def decorate_with(bus, name):
    event(name)


def subscribe(bus, what, handler=lambda event: None, **options):
    bus.subscribe(what, handler, **options)


def no_argument():
    pass


async def no_argument_async():
    pass


def takes_another(event: Other):
    pass


def order(bus, **options):
    def known(event):
        pass

    bus.subscribe(Published, known)
    bus.subscribe(Published, lambda event: None, name="new", **options)
    bus.publish_sync(Published())


def order_in_a_circle(bus):
    for name, after in (("one", "three"), ("two", "one"), ("three", "two")):
        bus.subscribe(Published, lambda event: None, name=name, after=after)
    bus.publish_sync(Published())


def publish_after_stop(bus):
    bus.stop_sync()
    bus.publish_sync(Published())


def publish_sync_in_a_loop(bus):
    async def main():
        bus.publish_sync(Published())

    asyncio.run(main())


CASES = {
    "an event type of one word": (name_a_type, "created", InvalidEventType, "expected 'entity.action' in lower case"),
    "an event type in capitals": (name_a_type, "User.Created", InvalidEventType, "for example 'user.created'"),
    "an event type that is no string": (name_a_type, 7, InvalidEventType, "a string such as 'user.created', got int"),
    "a class's event type": (decorate_with, "Nonsense", InvalidEventType, "expected 'entity.action' in lower case"),
    "a handler without argument": (
        subscribe,
        (Published, no_argument),
        InvalidHandler,
        "callable with 1 argument (event)",
    ),
    "an async one": (subscribe, (Published, no_argument_async), InvalidHandler, "callable with 1 argument (event)"),
    "no handler": (subscribe, (Published, None), InvalidHandler, "as a decorator write @bus.on("),
    "a handler that is none": (
        subscribe,
        (Published, 7),
        InvalidHandler,
        "a function or an EventHandler object, got 7",
    ),
    "an annotation that contradicts": (
        subscribe,
        (Published, takes_another),
        InvalidHandler,
        "handler takes_another takes Other, but is subscribed to Published; change the annotation or the subscription",
    ),
    "an annotation that contradicts a name": (
        subscribe,
        ("bad.published", takes_another),
        InvalidHandler,
        "change the annotation or the subscription",
    ),
    "publish of None": (
        EventBus.publish_sync,
        None,
        NotAnEvent,
        "publish an Event(type='entity.action', payload={...})",
    ),
    "publish of a string": (EventBus.publish_sync, "user.created", NotAnEvent, "Event(type=...) with it"),
    "publish of a class": (EventBus.publish_sync, Published, NotAnEvent, "put parentheses behind its name"),
    "a pattern of one word": (subscribe, "user", InvalidPattern, "for every event of an entity write 'user.*'"),
    "a pattern with half a star": (
        subscribe,
        "user.cr*",
        InvalidPattern,
        "'*' stands for a whole segment, as in 'user.*'",
    ),
    "a pattern with a hole": (subscribe, "user..created", InvalidPattern, "it has an empty segment"),
    "a pattern that is none": (subscribe, 7, InvalidPattern, "a class of events or a pattern of types, not to 7"),
    "publish after stop": (publish_after_stop, (), BusClosed, "start() opens it again"),
    "publish_sync in a loop": (publish_sync_in_a_loop, (), LoopRunning, "use `await bus.publish(event)`"),
    "a cycle": (order_in_a_circle, (), OrderError, "Remove one before= or after="),
}


@pytest.mark.parametrize("case", CASES)
def test_it_is_one_error_that_says_what_to_do(bus, case):
    use, arguments, error, remedy = CASES[case]
    with pytest.raises(error, match=re.escape(remedy)) as caught:
        use(bus, *(arguments if isinstance(arguments, tuple) else (arguments,)))
    assert isinstance(caught.value, PlugbusError)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"after": "knwon"}, "handler new runs after 'knwon', but no handler has that name. Did you mean 'known'?"),
        ({"before": "nobody"}, "Known handlers: known."),
        ({"after": "new"}, "handler new runs before or after itself"),
    ],
    ids=["misspelled", "unknown", "itself"],
)
def test_an_order_by_a_name_that_nobody_has_is_one_error(bus, options, remedy):
    with pytest.raises(OrderError, match=re.escape(remedy)):
        order(bus, **options)


def test_a_cycle_is_printed(bus):
    with pytest.raises(OrderError) as caught:
        order_in_a_circle(bus)
    circle = re.split(" before | after ", re.search(r"cycle: (.*?)\.", str(caught.value)).group(1))
    assert circle[0] == circle[-1]
    assert set(circle) == {"one", "two", "three"}


def test_an_option_that_does_not_exist_gets_a_suggestion(bus):
    with pytest.raises(InvalidHandler, match=r"no option 'time_out'. Did you mean 'timeout'\?"):
        bus.subscribe(Published, lambda event: None, time_out=3)


CONFIGURATIONS = {
    "a syntax error": ("[plugins.audit\n", ["plugbus.toml:1", "[plugins.audit"]),
    "an unknown plugin": ("[plugins.audti]\n", ["plugbus.toml:1", "audti", "Did you mean 'audit'?"]),
    "one of ours that is not installed": ("[plugins.cache]\n", ["pip install plugbus-cache"]),
    "an unknown key": ('[bus]\nsorce = "shop"\n', ["plugbus.toml:2:1", 'sorce = "shop"', "Did you mean 'source'?"]),
    "a value of another type": ('[bus]\nmax_pending = "7"\n', ["plugbus.toml:2:", "max_pending"]),
}


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_a_configuration_that_cannot_be_is_one_report_with_the_line(tmp_path, case):
    text, remedies = CONFIGURATIONS[case]
    file = tmp_path / "plugbus.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        EventBus.from_config(file)
    report = str(caught.value)
    assert [remedy for remedy in remedies if remedy not in report] == []
    assert report.endswith("1 problem. Nothing was started.")


@pytest.mark.parametrize("unreadable", ["missing", "a folder", "not UTF-8"])
def test_a_configuration_that_cannot_be_read_is_one_error_that_names_the_file(tmp_path, unreadable):
    file = tmp_path / "plugbus.toml"
    if unreadable == "a folder":
        file.mkdir()
    elif unreadable == "not UTF-8":
        file.write_bytes(b'[bus]\nsource = "caf\xe9"\n')
    with pytest.raises(ConfigurationError) as caught:
        EventBus.from_config(file)
    assert str(file) in str(caught.value)
    assert str(caught.value).endswith("1 problem. Nothing was started.")


@pytest.mark.parametrize("settings", [{"source": ""}, {"source": 3}, {"max_pending": 0}, {"max_pending": "many"}])
def test_a_bus_refuses_what_it_cannot_work_with(settings):
    with pytest.raises(DefinitionError, match=f"{next(iter(settings))}.*got {next(iter(settings.values()))!r}"):
        EventBus(**settings)


@pytest.mark.parametrize("bus", [None, "shop", EventBus])
def test_only_a_bus_overrides_the_default_one(bus):
    with pytest.raises(DefinitionError, match=r"override\(\) takes an EventBus, got "), EventBus.override(bus):
        pass


@pytest.mark.parametrize("maxsize", ["x", None, 2.5, 0])
async def test_a_stream_holds_a_whole_number_of_events(maxsize):
    with pytest.raises(PlugbusError, match="maxsize is a whole number from 1, got"):
        EventBus().stream("a.b", maxsize=maxsize)
