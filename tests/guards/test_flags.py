"""Feature flags: off unless their evaluation is clean."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from plugbus import Event
from plugbus.errors import ConfigurationError
from plugbus_guards import Principal, as_principal
from plugbus_guards.errors import FeatureDisabled


def flag(state="ENABLED", default="on", targeting=None, variants=None):
    made = {"state": state, "variants": variants or {"on": True, "off": False}, "defaultVariant": default}
    return made | ({"targeting": targeting} if targeting else {})


STAFF = {"if": [{"in": ["staff", {"var": "roles"}]}, "on", "off"]}
ADA = {"if": [{"==": [{"var": "targetingKey"}, "ada"]}, "on", "off"]}


@pytest.fixture
def flagged(site, folder):
    def build(flags, name="checkout"):
        if flags is not None:
            (folder / "flags.json").write_text(flags if isinstance(flags, str) else json.dumps({"flags": flags}))
        source = 'flags = "flags.json"\n' if flags is not None else ""
        return site(
            f'{source}[[plugins.guards.rules]]\nevents = ["order.*"]\nall = [{{guard = "feature", flag = "{name}"}}]\n'
        )

    return build


def may(made, *roles, id="7", **claims):
    with as_principal(Principal(id=id, roles=roles, claims=claims)):
        try:
            made.bus.publish_sync(Event(type="order.placed", payload={}))
        except FeatureDisabled:
            return False
    return True


@pytest.mark.parametrize(
    ("flags", "is_on"),
    [
        ({"checkout": flag()}, True),
        ({"checkout": flag(default="off")}, False),
        ({"checkout": flag(state="DISABLED")}, False),
        ({"checkout": flag(default="maybe")}, False),
        ({"checkout": flag(variants={"on": "true"})}, False),
        ({"checkout": flag(variants={"on": 1})}, False),
        ({"other": flag()}, False),
        ({}, False),
        (None, False),
    ],
    ids=["on", "off", "disabled", "no variant", "a text", "a number", "another", "none", "no file"],
)
def test_a_flag_is_on_only_if_that_is_said_plainly(flagged, flags, is_on):
    assert may(flagged(flags)) is is_on


def test_a_flag_with_targeting_is_evaluated_for_who_acts(flagged):
    made = flagged({"checkout": flag(targeting=STAFF), "beta": flag(targeting=ADA)})
    assert may(made, "staff")
    assert not may(made, "guest")
    assert may(flagged({"beta": flag(targeting=ADA)}, "beta"), id="ada")
    assert not may(flagged({"beta": flag(targeting=ADA)}, "beta"), id="bob")


def test_an_attribute_is_a_claim(flagged):
    made = flagged({"checkout": flag(targeting={"if": [{"==": [{"var": "country"}, "DE"]}, "on", "off"]})})
    assert may(made, country="DE")
    assert not may(made, country="FR")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nothing", "is no file of flags"),
        ("{}", "is no file of flags"),
        ('{"flags": 7}', "is no file of flags"),
        ('{"flags": {"a": {"state": "on", "variants": {}}}}', "neither state ENABLED nor DISABLED"),
        ('{"flags": {"a": 7}}', "is no file of flags"),
    ],
)
def test_a_file_that_is_none_stops_the_start(flagged, text, told):
    with pytest.raises(ConfigurationError) as caught:
        flagged(text)
    assert told in str(caught.value)
    assert caught.value.exceptions[0].line is not None


def test_a_file_that_is_not_there_stops_the_start(site):
    with pytest.raises(ConfigurationError) as caught:
        site(
            'flags = "gone.json"\n[[plugins.guards.rules]]\nevents = ["a.b"]\nall = [{guard = "feature", flag = "x"}]\n'
        )
    assert "cannot be read" in str(caught.value)


def test_each_bus_has_a_provider_of_its_own(flagged):
    one, two = flagged({"checkout": flag()}), flagged({"checkout": flag(default="off")})
    assert (may(one), may(two)) == (True, False)
    two.guards.use_flags(InMemoryProvider({"checkout": InMemoryFlag("on", {"on": True})}))
    one.guards.use_flags(InMemoryProvider({}))
    assert (may(one), may(two)) == (False, True)


def test_a_provider_that_raises_denies(flagged):
    class Broken(InMemoryProvider):
        def resolve_boolean_details(self, *args, **kwargs):
            raise RuntimeError("hunter2")

    made = flagged({"checkout": flag()})
    made.guards.use_flags(Broken({}))
    assert not may(made)


def test_targeting_without_its_extra_names_the_extra(folder):
    (folder / "flags.json").write_text(json.dumps({"flags": {"a": flag(targeting=STAFF)}}))
    code = """
        import sys
        from pathlib import Path
        sys.modules["openfeature.contrib.tools.flagd.core"] = None
        from plugbus_guards.flags import read_flags
        try:
            read_flags(Path(sys.argv[1]))
        except Exception as error:
            print(error)
    """
    program = [sys.executable, "-c", textwrap.dedent(code), str(folder / "flags.json")]
    out = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    assert 'pip install "plugbus-guards[flagd]"' in out
