"""Services: what plugins offer to others and to the application, asked for by type, of a bus and no other."""

from __future__ import annotations

import pytest

from plugbus import EventBus
from plugbus.errors import ServiceNotFound


OFFERING = """
class P(Plugin[None]):
    api = 1

    @hookimpl
    def services(self): return {list: []}
"""


@pytest.fixture
def offering(site):
    """Build a bus with a plugin that offers a list."""
    site.add("demo-one", OFFERING)
    return lambda: EventBus.from_config({"plugins": {"one": {}}})


def test_the_bus_gives_the_service_of_a_type(offering):
    bus = offering()
    bus.service(list).append(1)
    assert bus.service(list) == [1]


def test_a_service_that_nobody_offers_is_an_error_that_names_those_that_are(offering):
    with pytest.raises(ServiceNotFound, match="no plugin of this bus offers a dict; offered: list"):
        offering().service(dict)


def test_two_buses_have_plugins_and_services_of_their_own(offering):
    first, second = offering(), offering()
    first.service(list).append(1)
    assert second.service(list) == []
    assert first.plugins is not second.plugins
