"""What a plugin's distribution requires is checked before the plugin is imported."""

from __future__ import annotations

import logging
import sys

import pytest

from plugbus._version import __version__
from plugbus.plugins._requirements import version_fault
from plugbus.plugins.discovery import discover
from plugbus.plugins.inspection import list_plugins


GOOD = "class P(Plugin[None]):\n    api = 1\n"
LOUD = "raise SystemExit('imported')"


@pytest.fixture
def fault(site):
    """What is wrong with a distribution that requires these, where a given plugbus is running."""

    def fault(*requires, running="0.4.2"):
        site.add("demo-one", LOUD, requires=requires)
        (candidate,) = discover().of("one")
        return version_fault(candidate, running)

    return fault


@pytest.mark.parametrize(
    "line",
    [
        "plugbus",
        "plugbus[cli]",
        "plugbus>=0.4",
        "plugbus>=0.4.0,<0.5",
        "plugbus (>=0.4)",
        "PlugBus ~= 0.4.0",
        "plugbus!=0.4.1",
        "plugbus==0.4.*",
        "plugbus>=9; extra == 'later'",
        "plugbus>=9; python_version < '3'",
        "plugbus-audit>=9",
        "plugbus_audit>=9",
        "plugbus.audit>=9",
        "other>=9",
        "plugbus @ file:///somewhere?a=b",
        "plugbus >= nonsense",
    ],
)
def test_a_requirement_that_holds_is_no_problem(fault, line):
    assert fault(line) is None


LATER = 'Upgrade plugbus: pip install "{}"'
EARLIER = "Upgrade demo-one: pip install --upgrade demo-one"


@pytest.mark.parametrize(
    ("line", "wanted", "remedy"),
    [
        ("plugbus>=0.5", "plugbus>=0.5", LATER),
        ("plugbus<0.6,>=0.5", "plugbus>=0.5,<0.6", LATER),
        ("plugbus>0.4.2", "plugbus>0.4.2", LATER),
        ("plugbus~=0.5", "plugbus~=0.5", LATER),
        ("plugbus==0.5.*", "plugbus==0.5.*", LATER),
        ("plugbus!=0.4.2", "plugbus!=0.4.2", LATER),
        ("plugbus[cli]>=1; python_version >= '3'", "plugbus>=1", LATER),
        ("plugbus<0.4", "plugbus<0.4", EARLIER),
        ("plugbus>=0.3,<0.4", "plugbus>=0.3,<0.4", EARLIER),
        ("plugbus==0.3.*", "plugbus==0.3.*", EARLIER),
        ("plugbus~=0.3.0", "plugbus~=0.3.0", EARLIER),
        ("plugbus===0.3-special", "plugbus===0.3-special", EARLIER),
    ],
)
def test_the_side_that_is_behind_is_the_one_to_upgrade(fault, line, wanted, remedy):
    assert fault(line) == (wanted, remedy.format(wanted))


def test_a_pre_release_of_a_version_that_fits_fits(fault):
    assert fault("plugbus>=0.4,<0.6", running="0.5.0rc1") is None


def test_every_requirement_has_to_hold(fault):
    assert fault("plugbus>=0.1", "plugbus>=0.5") == ("plugbus>=0.5", 'Upgrade plugbus: pip install "plugbus>=0.5"')


def test_an_incompatible_plugin_is_reported_and_not_imported(site, report):
    site.add("demo-one", LOUD, requires=["plugbus>=9,<10"])
    assert report("[plugins.one]\n") == (
        "plugbus.toml:1:10  plugins.one\n"
        "    1 | [plugins.one]\n"
        "                 ^^^\n"
        f"  plugin one (demo-one 1.0) requires plugbus>=9,<10, this is plugbus {__version__}. "
        'Upgrade plugbus: pip install "plugbus>=9,<10"\n'
        "1 problem. Nothing was started."
    )
    assert "demo_one" not in sys.modules


def test_an_incompatible_plugin_that_is_optional_is_left_out(site, load, caplog):
    site.add("demo-one", LOUD, requires=["plugbus<0.1"])
    with caplog.at_level(logging.WARNING, "plugbus"):
        host = load("[plugins.one]\nrequired = false\n")
    assert [(record.name, str(record.state)) for record in host.records if record.selected] == [("one", "incompatible")]
    assert "Upgrade demo-one: pip install --upgrade demo-one" in caplog.text


def test_it_shows_in_the_list_of_plugins_too(site, configure):
    site.add("demo-one", LOUD, requires=["plugbus>=9"])
    (record,) = (record for record in list_plugins(configure("[plugins.one]\n")) if record.name == "one")
    assert (str(record.state), record.selected) == ("incompatible", True)


def test_the_library_for_versions_is_imported_only_where_there_is_something_to_check(site, run_python):
    site.add("demo-one", GOOD, requires=["attrs>=1", "plugbus"])
    site.add("demo-two", GOOD, requires=["plugbus>=0.1"])
    program = """
        import sys
        from plugbus.config import load_config
        from plugbus.plugins.host import PluginHost
        PluginHost.load(load_config({{"plugins": {{"{name}": {{}}}}}}))
        print("packaging" in sys.modules)
    """
    assert run_python(program.format(name="one")) == "False\n"
    assert run_python(program.format(name="two")) == "True\n"


def test_a_plugin_that_needs_what_is_absent_gets_the_line_that_installs_it(site, report):
    site.add("demo-one", "import nowhere_xyz", requires=["nowhere-xyz>=2", "attrs>=9999", "pluggy", "odd ]["])
    lines = report("[plugins.one]\n")
    assert "ModuleNotFoundError: No module named 'nowhere_xyz'" in lines
    assert 'It requires what is not installed: pip install "nowhere-xyz>=2" "attrs>=9999"\n' in lines


def test_a_plugin_that_says_nothing_of_what_it_needs_gets_no_guessed_line(site, report):
    site.add("demo-one", "import nowhere_xyz")
    assert "pip install" not in report("[plugins.one]\n")


def test_a_record_that_cannot_be_read_requires_nothing(site, load):
    site.add("demo-one", GOOD)
    (site.folder / "demo_one-1.0.dist-info" / "METADATA").unlink()
    assert str(load("[plugins.one]\n").records[0].state) == "ready"


def test_a_missing_plugin_whose_distribution_is_named_gets_the_line_that_installs_it(site, report):
    lines = report("[plugins.weather]\ndistribution = 'demo-weather'\n")
    assert "plugin 'weather' is not installed. Install it: pip install demo-weather\n" in lines
