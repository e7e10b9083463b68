"""Each way in which a plugin may be wrong before the bus is set up, with the report on it."""

from __future__ import annotations

import logging

import pytest


GOOD = """
@attrs.frozen
class Settings:
    size: int = option(1, help="how much")

class P(Plugin[Settings]):
    api = 1
"""


BROKEN = {
    "raises at import": ("1 / 0", "broken", "cannot be imported from demo_one:P: ZeroDivisionError: division by zero"),
    "raises what is no Exception": (
        "class Boom(BaseException): pass\nraise Boom('x')",
        "broken",
        "cannot be imported from demo_one:P: Boom: x",
    ),
    "exits at import": ("raise SystemExit(3)", "broken", "cannot be imported from demo_one:P: SystemExit: 3"),
    "imports what is absent": ("import nowhere_xyz", "broken", "ModuleNotFoundError: No module named 'nowhere_xyz'"),
    "has a syntax error": ("def (:", "broken", "cannot be imported from demo_one:P: SyntaxError: invalid syntax"),
    "has no such attribute": ("", "broken", "AttributeError: module 'demo_one' has no attribute 'P'"),
    "is a module": ("import os as P", "broken", "demo_one:P of plugin one (demo-one 1.0) is a module, not a class"),
    "is another class": ("class P: pass", "broken", "is the class P, not a class derived from Plugin"),
    "is an object": ("P = 3", "broken", "is an object of type int, not a class derived from Plugin"),
    "states no api": ("class P(Plugin[None]): pass", "incompatible", "does not say for which generation of the hooks"),
    "states a later api": (
        "class P(Plugin[None]): api = 2",
        "incompatible",
        "was written for api 2 of the hooks, this plugbus serves api 1. Upgrade plugbus\n",
    ),
    "states an earlier api": (
        "class P(Plugin[None]): api = 0",
        "incompatible",
        "was written for api 0 of the hooks, this plugbus serves api 1. Upgrade plugin one (demo-one 1.0)\n",
    ),
    "wishes with a string": (
        "class P(Plugin[None]):\n    api = 1\n    after = 'guards'",
        "broken",
        "'after' of plugin one (demo-one 1.0) is 'guards', expected a tuple of plugin names",
    ),
    "has settings of no attrs class": (
        "class P(Plugin[dict]):\n    api = 1",
        "broken",
        "plugin one (demo-one 1.0): <class 'dict'> is no attrs class",
    ),
    "quotes its settings": (
        "class P(Plugin['Later']):\n    api = 1",
        "broken",
        "write the settings class of P before it",
    ),
    "takes a key of the host": (
        "@attrs.frozen\nclass S:\n    after: int = option(1, help='x')\n\nclass P(Plugin[S]):\n    api = 1",
        "broken",
        "plugin one (demo-one 1.0) has a setting 'after', which is a key of the host",
    ),
    "has a wrong default": (
        (
            "@attrs.frozen\nclass S:\n    n: int = option(0, help='x', validator=attrs.validators.ge(1))\n\n"
            "class P(Plugin[S]):\n    api = 1"
        ),
        "bad_settings",
        "the default of setting 'n' of plugin one (demo-one 1.0) is refused: 'n' must be >= 1: 0",
    ),
    "raises in its constructor": (
        "class P(Plugin[None]):\n    api = 1\n    def __init__(self, *args):\n        raise OSError('no disk')",
        "broken",
        "plugin one (demo-one 1.0) cannot be constructed: OSError: no disk",
    ),
    "misspells a hook": (
        "class P(Plugin[None]):\n    api = 1\n    @hookimpl\n    def handlrs(self): pass",
        "broken",
        "plugin one (demo-one 1.0): there is no hook 'handlrs'. Did you mean 'handlers'?",
    ),
    "invents a hook": (
        "class P(Plugin[None]):\n    api = 1\n    @hookimpl\n    def zzz(self): pass",
        "broken",
        "there is no hook 'zzz'. The hooks are commands, event_types",
    ),
    "takes a wrong argument": (
        "class P(Plugin[None]):\n    api = 1\n    @hookimpl\n    def handlers(self, bus): pass",
        "broken",
        "hook 'handlers' takes 'bus', but may take 'context' only, by name",
    ),
    "takes two arguments": (
        "class P(Plugin[None]):\n    api = 1\n    @hookimpl\n    def flush(self, deadline, more): pass",
        "broken",
        "hook 'flush' takes 'more', but may take 'deadline' only, by name",
    ),
    "takes its argument by position only": (
        "class P(Plugin[None]):\n    api = 1\n    @hookimpl\n    def handlers(self, context, /): pass",
        "broken",
        "hook 'handlers' takes 'context', but may take 'context' only, by name",
    ),
    "forgets self": (
        "class P(Plugin[None]):\n    api = 1\n    @hookimpl\n    def handlers(): pass",
        "broken",
        "hook 'handlers' does not take self",
    ),
    "is async where it must not": (
        "class P(Plugin[None]):\n    api = 1\n    @hookimpl\n    async def handlers(self): pass",
        "broken",
        "hook 'handlers' is async, but must be a plain function. Write `def`, not `async def`",
    ),
    "forgets asynccontextmanager": (
        "class P(Plugin[None]):\n    api = 1\n    @hookimpl\n    async def lifespan(self): yield",
        "broken",
        "hook 'lifespan' is an async generator. Decorate it with contextlib.asynccontextmanager",
    ),
    "has a hook that is no method": (
        "class P(Plugin[None]):\n    api = 1\n    handlers = []",
        "broken",
        "'handlers' is the name of a hook, but no method here",
    ),
    "wraps a hook": (
        (
            "import pluggy\nclass P(Plugin[None]):\n    api = 1\n"
            "    @pluggy.HookimplMarker('plugbus')(wrapper=True)\n    def handlers(self): yield"
        ),
        "broken",
        "hook 'handlers' uses pluggy's wrapper. Use plugbus.plugins.hookimpl, which takes no options",
    ),
}


@pytest.mark.parametrize(("source", "state", "said"), BROKEN.values(), ids=BROKEN)
def test_a_required_plugin_that_is_broken_stops_everything_with_a_report_on_it(site, report, source, state, said):
    site.add("demo-one", source)
    lines = report("[plugins.one]\n")
    assert lines.startswith("plugbus.toml:1:10  plugins.one")
    assert said in lines
    assert lines.endswith("1 problem. Nothing was started.")


@pytest.mark.parametrize(("source", "state", "said"), BROKEN.values(), ids=BROKEN)
def test_an_optional_plugin_that_is_broken_is_left_out_with_one_warning(site, load, caplog, source, state, said):
    site.add("demo-one", source)
    site.add("demo-two", GOOD)
    with caplog.at_level(logging.WARNING, "plugbus"):
        host = load("[plugins.one]\nrequired = false\n[plugins.two]\n")
    (warning,) = caplog.records
    assert warning.getMessage().startswith("plugin one (demo-one 1.0) is left out: plugbus.toml:1:10: ")
    assert said.strip() in warning.getMessage()
    records = {record.name: record for record in host.records}
    assert (records["one"].state, records["two"].state) == (state, "ready")
    assert said.strip() in records["one"].problem.summary
    assert (records["one"].required, records["two"].required) == (False, True)
    assert host.contributions(None).handlers == ()


def test_the_exception_of_the_plugin_is_the_cause_of_the_problem(site, load):
    site.add("demo-one", "1 / 0")
    with pytest.raises(ExceptionGroup) as caught:
        load("[plugins.one]\n")
    assert isinstance(caught.value.exceptions[0].__cause__, ZeroDivisionError)


def test_a_broken_import_is_reported_with_the_line_that_raised(site, report):
    module = site.add("demo-one", "\n\nraise RuntimeError('no')\n")
    assert f"RuntimeError: no ({site.folder / module}.py:5)" in report("[plugins.one]\n")


def test_every_problem_of_every_plugin_and_of_the_bus_is_in_one_report(site, report):
    site.add("demo-one", "1 / 0")
    site.add("demo-two", GOOD)
    site.add(
        "demo-three",
        """
        class P(Plugin[None]):
            api = 1

            @hookimpl
            def handlrs(self, x): pass

            @hookimpl
            def flush(self, y): pass
        """,
    )
    tables = "[plugins.one]\n[plugins.two]\nsiez = 1\nsize = '1'\n[plugins.three]\n[plugins.four]\n"
    lines = report("[bus]\nmax_pending = true\n" + tables)
    places = [line.split("  ")[0] for line in lines.splitlines() if line.startswith("plugbus.toml")]
    assert places == [f"plugbus.toml:{place}" for place in ("2:15", "3:10", "5:1", "6:8", "7:10", "7:10", "8:10")]
    assert lines.endswith("7 problems. Nothing was started.")


def test_a_missing_plugin_that_is_optional_is_left_out(site, load, caplog):
    host = load("[plugins.nowhere]\nrequired = false\n")
    assert [(record.name, record.state) for record in host.records if record.selected] == [("nowhere", "missing")]
    assert [record.getMessage() for record in caplog.records] == [
        "plugin nowhere is left out: plugbus.toml:1:10: plugin 'nowhere' is not installed"
    ]


def test_all_problems_of_an_optional_plugin_are_in_its_one_warning(site, load, caplog):
    site.add("demo-one", GOOD)
    load("[plugins.one]\nrequired = false\na = 1\nb = 2\n")
    (warning,) = caplog.records
    assert "unknown setting 'a'" in warning.getMessage()
    assert "unknown setting 'b'" in warning.getMessage()


def test_a_plugin_without_settings_accepts_none(site, report):
    site.add("demo-one", "class P(Plugin[None]):\n    api = 1")
    site.add("demo-two", "class P(Plugin):\n    api = 1")
    lines = report("[plugins.one]\na = 1\n[plugins.two]\na = 1\n")
    assert "unknown setting 'a' of plugin one (demo-one 1.0). There are no settings here" in lines
    assert "unknown setting 'a' of plugin two (demo-two 1.0). There are no settings here" in lines


def test_a_plugin_gets_its_settings_and_its_surroundings(site, load, tmp_path):
    site.add(
        "demo-one",
        GOOD
        + """
    seen = []

    def __init__(self, settings, context):
        self.seen.append((settings, context))
        super().__init__(settings, context)
""",
    )
    load("[plugins.one]\nsize = 3\n")
    import demo_one

    ((settings, context),) = demo_one.P.seen
    assert settings == demo_one.Settings(size=3)
    assert (context.plugin, context.distribution, context.bus) == ("one", "demo-one 1.0", None)
    assert context.folder == tmp_path / "app"


def test_settings_come_through_a_generic_base_of_the_author_s_own(site, load):
    source = """
    from typing import TypeVar
    T = TypeVar("T")

    @attrs.frozen
    class Settings:
        size: int = option(1, help="how much")

    class Base(Plugin[T]):
        api = 1

    class P(Base[Settings]):
        def __init__(self, settings, context):
            super().__init__(settings, context)
            assert settings == Settings(size=5)
    """
    site.add("demo-one", source)
    assert str(load("[plugins.one]\nsize = 5\n").records[0].state) == "ready"


def test_a_secret_in_what_a_constructor_raises_is_not_shown(site, load):
    source = """
    @attrs.frozen
    class Settings:
        token: str = option("", help="opens it", secret=True)

    class P(Plugin[Settings]):
        api = 1
        def __init__(self, settings, context):
            raise ValueError(f"bad token {settings.token}")
    """
    site.add("demo-one", source)
    with pytest.raises(ExceptionGroup) as caught:
        load("[plugins.one]\ntoken = 'hunter2'\n")
    assert "ValueError: bad token ***" in str(caught.value)
    assert caught.value.exceptions[0].__cause__ is None


def test_unknown_names_in_the_file_s_order_are_problems_with_a_suggestion(site, report):
    site.add("demo-one", GOOD)
    site.add("demo-two", GOOD)
    lines = report("[plugins.one]\nafter = ['tow']\n[plugins.two]\nbefore = ['guards', 'one']\n")
    assert "plugbus.toml:2:10  plugins.one.after[0]" in lines
    assert "'after' of plugin one (demo-one 1.0) names 'tow', which is no plugin here. Did you mean 'two'?" in lines
    assert lines.endswith("1 problem. Nothing was started.")


def test_plugins_are_ordered_by_the_file_then_by_their_own_wishes(site, load):
    site.add("demo-one", "class P(Plugin):\n    api = 1\n    after = ('three', 'absent')")
    site.add("demo-two", "class P(Plugin):\n    api = 1\n    before = ('three',)")
    site.add("demo-three", "class P(Plugin):\n    api = 1")
    tables = "[plugins.one]\n[plugins.three]\n[plugins.two]\n"
    assert load(tables).arrangement.names == ("two", "three", "one")
    assert load(tables + "after = ['three']\n").arrangement.names == ("three", "one", "two")
    assert load("[bus]\nplugins = ['one', 'two', 'three']\n").arrangement.names == ("one", "two", "three")


def test_a_cycle_is_an_error_that_prints_each_statement_with_its_source(site, report):
    site.add("demo-one", "class P(Plugin):\n    api = 1\n    after = ('two',)")
    site.add("demo-two", "class P(Plugin):\n    api = 1\n    after = ('three',)")
    site.add("demo-three", GOOD)
    lines = report("[plugins.one]\nbefore = ['three']\n[plugins.two]\n[plugins.three]\n")
    assert "closes a cycle: " in lines
    assert "`before` and `after` in the tables of plugins overrule what plugins wish" in lines
    for statement in (
        "one before three (plugbus.toml:2:11 plugins.one.before)",
        "three before two (`after` of plugin two (demo-two 1.0))",
        "two before one (`after` of plugin one (demo-one 1.0))",
    ):
        assert statement in lines


def test_an_optional_plugin_in_a_cycle_is_left_out(site, load, caplog):
    site.add("demo-one", "class P(Plugin):\n    api = 1\n    after = ('two',)")
    site.add("demo-two", "class P(Plugin):\n    api = 1\n    after = ('one',)")
    host = load("[plugins.one]\n[plugins.two]\nrequired = false\n")
    assert [(record.name, str(record.state)) for record in host.records if record.selected] == [
        ("one", "ready"),
        ("two", "bad_order"),
    ]
    assert len(caplog.records) == 1


def test_a_host_s_problem_and_a_good_plugin_still_start_nothing(site, report):
    site.add("demo-one", GOOD)
    assert "unknown table 'plugin'" in report("[plugins.one]\n[plugin.x]\n")


@pytest.mark.parametrize("value", ["demo one P", "demo_one:P P", "demo_one/P", "demo_one:P()", ":P"])
def test_an_entry_point_that_is_no_reference_is_named_with_what_was_expected(site, report, value):
    site.add("demo-one", GOOD, entry_points={"one": value})
    assert report("[plugins.one]\n") == (
        f"plugbus.toml:1:10  plugins.one\n    1 | [plugins.one]\n                 ^^^\n"
        f"  the entry point of plugin one (demo-one 1.0) is malformed: expected module:Class, got {value!r}. "
        f'Its author has to write one = "package.module:Class" into [project.entry-points."plugbus.plugins"]\n'
        f"1 problem. Nothing was started."
    )
