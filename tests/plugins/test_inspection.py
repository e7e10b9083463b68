from __future__ import annotations

import sys

from plugbus.plugins.inspection import list_plugins


LOUD = "raise SystemExit('imported')"


def shown(records):
    return {record.name: (str(record.state), record.selected) for record in records if record.name != "audit"}


def test_plugins_are_listed_with_their_states_and_none_is_imported(site, configure):
    for name in ("one", "two", "three", "four"):
        site.add(f"demo-{name}", LOUD, version="3.1")
    site.add("other-four", LOUD, name="four")
    config = configure("[plugins.two]\nwhat = 1\n[plugins.one]\nenabled = false\n[plugins.gone]\n[plugins.four]\n")
    records = list_plugins(config)
    found = shown(records)
    assert list(found)[:3] == ["two", "gone", "four"]
    assert {name: found[name] for name in ("one", "two", "three", "four", "gone")} == {
        "one": ("off", False),
        "two": ("installed", True),
        "three": ("installed", False),
        "four": ("broken", True),
        "gone": ("missing", True),
    }
    assert next((record.distribution, record.version) for record in records if record.name == "two") == (
        "demo-two",
        "3.1",
    )
    assert not {"demo_one", "demo_two", "demo_three", "demo_four"} & set(sys.modules)


def test_what_is_switched_off_in_the_call_is_shown_as_off(site, configure):
    site.add("demo-one", LOUD)
    assert shown(list_plugins(configure("[plugins.one]\n"), disabled=["one"]))["one"] == ("off", False)


def test_without_a_usable_configuration_what_is_installed_is_listed(site):
    site.add("demo-one", LOUD)
    assert shown(list_plugins())["one"] == ("installed", False)


def test_an_empty_configuration_lists_what_is_installed_too(site, configure):
    site.add("demo-one", LOUD)
    assert shown(list_plugins(configure("")))["one"] == ("installed", False)
