"""The order of what an event meets, each with the reasons for its place."""

from __future__ import annotations

import json

import pytest

from plugbus import Event, EventBase, EventBus, event
from plugbus.doctor import chains


@event("chains_order.placed")
class OrderPlaced(EventBase):
    number: int


@event("chains_order.placed", version=2, sequential=True)
class OrderPlaced2(EventBase):
    number: int


@pytest.fixture
def bus():
    return EventBus()


@pytest.fixture
def chain(bus):
    """The one chain of a type."""

    def chain(what="user.created", of=None):
        (found,) = chains(of or bus, what)
        return found

    return chain


def names(links):
    return [link.name for link in links]


def one(event): ...
async def two(event): ...
def three(event): ...


def test_handlers_stand_in_their_stages_those_that_are_called_first(bus, chain):
    bus.subscribe("user.*", two)
    bus.subscribe("user.created", one)
    bus.subscribe("user.*", three, after="one")
    found = chain()
    assert [names(stage) for stage in found.stages] == [["one", "two"], ["three"]]
    assert [[link.is_async for link in stage] for stage in found.stages] == [[False, True], [False]]
    assert (found.type, found.version, found.cls, found.problem) == ("user.created", 1, None, None)


def test_each_handler_s_place_has_its_reasons(bus, chain):
    bus.subscribe("user.*", one)
    bus.subscribe("user.*", two, after=["one", "elsewhere"])
    bus.subscribe("item.*", lambda event: None, name="elsewhere")
    bus.subscribe("user.*", three, before="two")
    bus.subscribe("user.*", lambda event: None, name="early", first=True)
    found = {link.name: link.reasons for stage in chain().stages for link in stage}
    assert found == {
        "early": ("first=True", "subscribed as number 4"),
        "one": ("handler two says after='one'", "subscribed as number 1"),
        "two": ("after='one'", "handler three says before='two'", "subscribed as number 2"),
        "three": ("before='two'", "subscribed as number 3"),
    }


def test_middleware_and_interceptors_stand_in_the_order_in_which_they_were_added(bus, chain):
    async def slow(event):
        return event

    bus.add_middleware(lambda event: event, name="quick")
    bus.add_middleware(slow)
    bus.add_interceptor(lambda event, call_next: call_next(event), name="outer")
    bus.add_interceptor(lambda event, call_next: call_next(event), name="inner")
    found = chain()
    assert [(link.name, link.is_async) for link in found.middleware] == [("quick", False), ("slow", True)]
    assert names(found.interceptors) == ["outer", "inner"]
    assert found.middleware[1].reasons == ("added by the application, number 2",)
    assert found.middleware[1].place.startswith(f"{__name__}.")


def test_middleware_that_is_not_interested_in_a_type_is_left_out_of_its_chain(bus, chain):
    class Picky:
        name = "picky"

        def __call__(self, event):
            return event

        def for_type(self, event_type):
            return self if event_type == "user.created" else None

    bus.add_middleware(Picky())
    assert names(chain("user.created").middleware) == ["picky"]
    found = chain("user.deleted")
    assert (names(found.middleware), names(found.left_out)) == ([], ["picky"])


def test_an_interceptor_that_moves_a_handler_to_the_awaited_ones_is_taken_into_account(bus, chain):
    async def intercept(event, call_next):
        return await call_next(event)

    bus.subscribe("user.created", one)
    bus.add_interceptor(intercept)
    assert [[link.is_async for link in stage] for stage in chain().stages] == [[True]]
    assert chain().interceptors[0].is_async


def test_an_order_that_cannot_be_kept_is_said_instead(bus, chain):
    bus.subscribe("user.created", one, after="nobody")
    found = chain()
    assert found.stages == ()
    assert "no handler has that name" in found.problem


def test_a_type_may_be_given_by_class_or_by_name_with_all_versions(bus):
    (found,) = chains(bus, OrderPlaced)
    assert (found.type, found.version, found.sequential) == ("chains_order.placed", 1, False)
    assert found.cls == f"{__name__}.OrderPlaced"
    assert [(one.version, one.sequential) for one in chains(bus, "chains_order.placed")] == [(1, False), (2, True)]
    assert [one.type for one in chains(bus, "what.ever")] == ["what.ever"]


def test_without_a_type_all_that_reach_a_handler_are_there(bus):
    assert chains(bus) == ()
    bus.subscribe(["user.created", "what.ever"], one)
    bus.subscribe(OrderPlaced, one)
    assert {found.type for found in chains(bus)} == {"user.created", "what.ever", "chains_order.placed"}


def test_a_sequential_bus_is_said_to_be_one():
    assert chains(EventBus(sequential=True), "user.created")[0].sequential


def test_the_order_is_that_in_which_things_happen(bus, chain):
    seen = []

    def noting(name):
        def note(event):
            seen.append(name)
            return event

        return note

    bus.add_middleware(noting("m1"), name="m1")
    bus.add_middleware(noting("m2"), name="m2")
    bus.subscribe("user.*", noting("h1"), name="h1", after="h3")
    bus.subscribe("user.*", noting("h2"), name="h2")
    bus.subscribe("user.*", noting("h3"), name="h3")
    found = chain()
    bus.publish_sync(Event(type="user.created"))
    bus.stop_sync()
    assert seen == names(found.middleware) + [name for stage in found.stages for name in names(stage)]


PLUGIN = """
class P(Plugin[None]):
    api = 1
    after = {after}

    def middleware(self):
        yield self.pass_on

    def interceptors(self):
        yield self.wrap

    def handlers(self):
        yield Subscription("user.*", self.handle, Options(name="{name}"))

    def pass_on(self, event): return event

    def wrap(self, event, call_next): return call_next(event)

    def handle(self, event): ...
"""


def test_what_plugins_contribute_has_the_reasons_of_the_plugins_order(install, configure, chain):
    install("first", PLUGIN.format(name="first", after=()))
    install("second", PLUGIN.format(name="second", after=("first",)))
    configure("[plugins.second]\n[plugins.first]\n")
    found = chain(of=EventBus.from_config())
    reasons = (
        "order of plugins: first before second (`after` of plugin second (demo-second 1.0))",
        "order of plugins: else the order of the tables (plugbus.toml:1:10)",
    )
    assert [link.plugin for link in found.middleware] == ["first", "second"]
    assert found.middleware[1].reasons == found.interceptors[1].reasons == reasons
    ((first, second),) = found.stages
    assert (first.plugin, second.plugin) == ("first", "second")
    assert second.reasons == ("subscribed as number 2", *reasons)


def test_a_chain_can_be_written_as_json(bus, chain):
    bus.subscribe("user.*", one)
    found = json.loads(json.dumps(chain().as_json()))
    assert found["stages"][0][0]["name"] == "one"
