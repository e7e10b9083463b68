from __future__ import annotations

import sys

import pytest

from plugbus.plugins.host import PluginHost


LOUD = "raise SystemExit('imported, though it is off')"
GOOD = """
class P(Plugin[None]):
    api = 1
"""


def states(host):
    return {
        record.name: str(record.state) for record in host.records if record.name.startswith(("one", "two", "three"))
    }


@pytest.fixture
def three(site):
    for name in ("one", "two", "three"):
        site.add(f"demo-{name}", GOOD)
    return site


def test_plugins_with_a_table_are_on_in_the_file_s_order(three, load):
    host = load("[plugins.two]\n[plugins.one]\n")
    assert [record.name for record in host.records if record.selected] == ["two", "one"]
    assert states(host) == {"two": "ready", "one": "ready", "three": "installed"}
    assert "demo_three" not in sys.modules


def test_a_list_selects_exactly_these_in_this_order(three, load):
    host = load("[bus]\nplugins = ['three', 'one']\n[plugins.two]\n[plugins.one]\n")
    assert [record.name for record in host.records if record.selected] == ["three", "one"]
    assert "demo_two" not in sys.modules


def test_an_empty_list_selects_none(three, load):
    assert load("[bus]\nplugins = []\n[plugins.two]\n").records == ()


def test_installed_selects_all_that_are_installed_by_name(site, run_python):
    for name in ("two", "one"):
        site.add(f"demo-{name}", GOOD)
    printed = run_python("""
        from plugbus.config import load_config
        from plugbus.plugins.host import PluginHost
        config = load_config({"bus": {"plugins": "installed"}, "plugins": {"two": {"required": True}}})
        host = PluginHost.load(config, disabled=["audit", "cache", "guards", "localization", "notifications"])
        print([(record.name, record.required) for record in host.records if record.selected])
    """)
    assert printed == "[('one', False), ('two', True)]\n"


def test_installed_still_reports_a_table_of_what_is_not_installed(three, report):
    assert "plugin 'twoo' is not installed. Did you mean 'two'?" in report(
        "[bus]\nplugins = 'installed'\n[plugins.twoo]\n"
    )


def test_without_configuration_nothing_is_discovered(run_python, site):
    site.add("demo-one", LOUD)
    printed = run_python("""
        import sys
        from plugbus.config import load_config
        from plugbus.plugins.host import PluginHost
        print(PluginHost.load(load_config()).records, "importlib_metadata" in sys.modules)
    """)
    assert printed == "() False\n"


@pytest.mark.parametrize(
    ("text", "environ", "disabled"),
    [
        ("[plugins.off]\nenabled = false\n[plugins.one]\n", {}, ()),
        ("[plugins.off]\n[plugins.one]\n", {"PLUGBUS_DISABLE": "off"}, ()),
        ("[plugins.off]\n[plugins.one]\n", {"PLUGBUS_PLUGINS__OFF__ENABLED": "0"}, ()),
        ("[plugins.off]\n[plugins.one]\n", {}, ("off",)),
        ("[bus]\nplugins = ['off', 'one']\n", {}, ["off"]),
        ("[bus]\nplugins = 'installed'\n[plugins.off]\nenabled = false\n", {}, ()),
        ("[bus]\nplugins = ['one']\n[plugins.off]\n", {}, ()),
        ("[plugins.one]\n", {}, ()),
    ],
)
def test_a_plugin_that_is_off_is_never_imported(three, load, text, environ, disabled):
    three.add("demo-off", LOUD)
    ours = ["audit", "cache", "guards", "localization", "notifications"]
    host = load(text, environ, disabled=[*disabled, *ours])
    record = next(record for record in host.records if record.name == "off")
    assert record.state in {"off", "installed"}
    assert not record.selected
    assert "demo_off" not in sys.modules


def test_a_plugin_that_is_off_need_not_be_installed_nor_have_right_settings(site, load):
    host = load("[plugins.one]\nenabled = false\nwhatever = 1\n")
    assert [(record.name, str(record.state)) for record in host.records] == [("one", "off")]


def test_a_listed_plugin_that_is_not_installed_is_reported_where_it_is_listed(site, report):
    lines = report("[bus]\nplugins = [\n  'audt_',\n]\n")
    assert lines.startswith("plugbus.toml:3:3  bus.plugins[0]\n    3 |   'audt_',\n")


def test_ours_get_the_line_that_installs_them(site, configure, monkeypatch):
    from plugbus.plugins import _metadata

    config = configure("[plugins.notifications]\n")
    monkeypatch.setattr(_metadata.importlib_metadata, "entry_points", lambda **_: ())
    with pytest.raises(ExceptionGroup) as caught:
        PluginHost.load(config)
    lines = str(caught.value)
    assert "plugbus.toml:1:10  plugins.notifications" in lines
    assert "plugin 'notifications' is not installed. Install it: pip install plugbus-notifications" in lines


def test_others_get_a_suggestion_and_no_guessed_line(three, report):
    lines = report("[plugins.on]\n[plugins.nowhere_at_all]\n[plugins.notificatoins]\n")
    assert "plugin 'on' is not installed. Did you mean 'one'?" in lines
    assert "plugin 'nowhere_at_all' is not installed\n" in lines
    assert "plugin 'notificatoins' is not installed. Did you mean 'notifications'?" in lines
    assert "pip install" not in lines


def test_what_cannot_be_a_plugin_s_name_is_told_so(three, report):
    assert "'One' is no plugin's name: lower case letters" in report("[plugins.One]\n")


def test_a_name_listed_twice_is_a_problem(three, report):
    assert "  bus.plugins[1]\n" in report("[bus]\nplugins = ['one', 'one']\n")


def test_a_misspelt_table_beside_a_list_is_a_problem(three, report):
    lines = report("[bus]\nplugins = ['three']\n[plugins.thre]\n")
    assert "[plugins.thre] is the table of no plugin in the list. Did you mean 'three'?" in lines


def test_a_list_in_a_variable_is_reported_by_the_variable(three, report):
    lines = report("", {"PLUGBUS_BUS__PLUGINS": "one,fuor"})
    assert lines.startswith("PLUGBUS_BUS__PLUGINS\n  plugin 'fuor' is not installed")


def test_two_distributions_that_claim_a_selected_name_are_an_error_that_names_both(three, report):
    three.add("other-one", GOOD, name="one", version="3")
    lines = report("[plugins.one]\n")
    assert "plugin 'one' is offered by demo-one 1.0 and other-one 3" in lines
    assert 'Write distribution = "..." into [plugins.one]' in lines
    assert "demo_one" not in sys.modules


def test_a_claim_is_settled_by_naming_the_distribution(three, load, report):
    three.add("other-one", GOOD, name="one", version="3")
    host = load("[plugins.one]\ndistribution = 'Other_One'\n")
    assert host.records[0].distribution == "other-one"
    lines = report("[plugins.one]\ndistribution = 'othr-one'\n")
    assert "plugbus.toml:2:16  plugins.one.distribution" in lines
    assert "but is offered by demo-one 1.0 and other-one 3. Did you mean 'other-one'?" in lines


def test_a_claim_on_a_name_that_nobody_wants_does_not_matter(three, load):
    three.add("other-one", LOUD, name="one")
    assert states(load("[plugins.two]\n"))["two"] == "ready"


NO_PLUGIN = "which is no plugin here."


@pytest.mark.parametrize(
    ("text", "environ", "disabled", "said"),
    [
        ("[plugins.two]\n", "tow", (), [f"PLUGBUS_DISABLE names 'tow', {NO_PLUGIN} Did you mean 'two'?"]),
        ("[plugins.two]\n", "", ("tow",), [f"disabled= names 'tow', {NO_PLUGIN} Did you mean 'two'?"]),
        ("[plugins.two]\n", "xyz", (), [f"PLUGBUS_DISABLE names 'xyz', {NO_PLUGIN} It switches nothing off"]),
        # What another program has, what is installed, and what is one of ours may be switched off anywhere.
        ("[plugins.two]\n", "one, cache", ("three",), []),
        ("[plugins.two]\nenabled = false\n", "tow", (), []),
        ("", "tow", (), []),
    ],
)
def test_a_name_that_switches_nothing_off_is_warned_of(three, load, caplog, text, environ, disabled, said):
    load(text, {"PLUGBUS_DISABLE": environ}, disabled=disabled)
    assert [record.getMessage() for record in caplog.records] == said


@pytest.mark.parametrize("text", ["[plugins.two-b]\n", "[bus]\nplugins = ['two-b']\n"])
def test_a_name_that_no_plugin_may_have_is_refused_though_a_distribution_offers_it(site, report, text):
    site.add("demo-two", LOUD, name="two-b")
    said = report(text)
    assert "'two-b', which demo-two 1.0 offers, is no plugin's name: lower case letters and digits" in said
    assert "Its author has to rename the entry point" in said


def test_one_that_is_merely_installed_under_such_a_name_is_left_out(site, load, caplog):
    site.add("demo-two", LOUD, name="two-b")
    host = load("[bus]\nplugins = 'installed'\n", disabled=["audit"])
    assert states(host) == {"two-b": "broken"}
    assert "is no plugin's name" in caplog.text
