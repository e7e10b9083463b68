"""The fixtures `bus` and `plugbus_config`, in test files as users write them."""

from __future__ import annotations

import pytest

from plugbus._default import slot


pytest_plugins = ["pytester"]


@pytest.fixture
def run(pytester, monkeypatch):
    """Run a test file in this process; return its outcome."""
    monkeypatch.delenv("PLUGBUS_CONFIG", raising=False)

    def run(source):
        pytester.makepyfile(source)
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:asyncio")

    return run


def test_bus_is_bare_isolated_and_the_default_one(run):
    before = slot.bus
    outcome = run(
        """
        from plugbus import EventBus, Event
        from plugbus.errors import BusClosed
        import pytest

        buses, seen = [], []

        @pytest.mark.parametrize("number", [1, 2])
        def test_each_test_has_its_own(bus, number):
            assert bus is EventBus.get_instance()
            assert bus.subscriptions() == () and bus.plugins == ()
            bus.subscribe("user.login", seen.append)
            Event(type="user.login").publish()
            assert len(seen) == number
            assert bus not in buses
            buses.append(bus)

        def test_they_have_been_stopped():
            for bus in buses:
                with pytest.raises(BusClosed):
                    bus.publish_sync(Event(type="user.login"))
        """
    )
    outcome.assert_outcomes(passed=3)
    assert slot.bus is before


def test_plugbus_config_builds_the_default_bus_from_text_in_the_tests_folder(run):
    before = slot.bus
    outcome = run(
        """
        from plugbus import EventBus, Event
        import pytest

        sources = []

        def test_a_bus(plugbus_config, tmp_path):
            bus = plugbus_config('[bus]\\nsource = "shop"\\n')
            assert bus is EventBus.get_instance()
            assert (tmp_path / "plugbus.toml").is_file()
            bus.subscribe("user.login", lambda event: sources.append(event.source))
            Event(type="user.login").publish()
            assert sources == ["shop"]

        def test_a_second_one_takes_its_place(plugbus_config):
            first, second = plugbus_config(""), plugbus_config("")
            assert EventBus.get_instance() is second is not first

        def test_a_broken_one(plugbus_config):
            with pytest.raises(ExceptionGroup) as caught:
                plugbus_config("[bus]\\nsorce = 'shop'\\n")
            assert "plugbus.toml:2:1" in str(caught.value)
        """
    )
    outcome.assert_outcomes(passed=3)
    assert slot.bus is before


def test_work_that_a_test_leaves_behind_is_waited_for(run):
    outcome = run(
        """
        import asyncio
        from plugbus import Event

        ended = []

        def test_leaves_work_behind(bus):
            @bus.on("user.login")
            async def handler(event):
                await asyncio.sleep(0.01)
                ended.append(event)

            bus.publish_soon(Event(type="user.login"))

        def test_it_has_been_done():
            assert len(ended) == 1
        """
    )
    outcome.assert_outcomes(passed=2)
