"""A plugin that the bus can do without, and one that contributes what the bus cannot take."""

from __future__ import annotations

import logging

import pytest

from plugbus import Event, EventBus
from plugbus.errors import ConfigurationError


GOOD = """
from plugbus import EventHandler, Options, Subscription

class Taker(EventHandler):
    event_types = ("user.login",)

    def handle(self, event):
        return "good"

class P(Plugin[None]):
    api = 1

    def handlers(self):
        yield Taker()
"""


def contributing(hook, what):
    return GOOD + f"        yield from ()\n\n    def {hook}(self):\n        yield {what}\n"


NO_HANDLER = "expected an EventHandler or a Subscription, got"


@pytest.mark.parametrize(
    ("hook", "what", "said"),
    [
        ("handlers", "3", f"{NO_HANDLER} an object of type int"),
        ("handlers", "Taker", f"{NO_HANDLER} the class Taker; put parentheses behind its name to make one"),
        ("handlers", "print", f"{NO_HANDLER} the function print; say what it listens to: Subscription(..., print)"),
        ("middleware", "3", "middleware int cannot be called: it takes an event and returns it, or None"),
        (
            "interceptors",
            "3",
            "interceptor int is neither a function (event, call_next) nor an object with intercept or intercept_async",
        ),
        ("monitors", "print", "monitor print does not derive from plugbus.middleware.Monitor"),
    ],
)
def test_what_the_bus_cannot_take_is_told_and_leaves_out_a_plugin_that_is_not_required(
    site, configure, caplog, hook, what, said
):
    site.add("demo-good", GOOD)
    site.add("demo-bad", contributing(hook, what))
    told = f"hook '{hook}' of plugin bad (demo-bad 1.0) yields what does not fit: {said}"
    configure("[plugins.good]\n[plugins.bad]\n")
    with pytest.raises(ConfigurationError) as caught:
        EventBus.from_config()
    assert str(caught.value) == f"{told}\n1 problem. Nothing was started."
    configure("[plugins.good]\n[plugins.bad]\nrequired = false\n")
    with caplog.at_level(logging.WARNING, "plugbus"):
        bus = EventBus.from_config()
    assert bus.publish_sync(Event(type="user.login")).values == ("good",)
    assert [record.getMessage() for record in caplog.records] == [f"plugin bad (demo-bad 1.0) is left out: {told}"]
    assert states(bus) == {"good": "started", "bad": "broken"}
    bus.stop_sync()
    assert states(bus) == {"good": "stopped", "bad": "broken"}


def test_a_plugin_whose_lifespan_cannot_be_made_is_not_heard(site, configure):
    site.add("demo-good", GOOD)
    site.add("demo-bad", GOOD + "\n    def lifespan(self): 1 / 0\n")
    configure("[plugins.good]\n[plugins.bad]\nrequired = false\n")
    bus = EventBus.from_config()
    assert len(bus.publish_sync(Event(type="user.login")).values) == 1
    assert states(bus) == {"good": "started", "bad": "degraded"}
    bus.stop_sync()
    assert states(bus) == {"good": "stopped", "bad": "degraded"}


def states(bus):
    return {record.name: str(record.state) for record in bus.plugins if record.selected}
