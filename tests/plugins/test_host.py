"""Hooks: who is called with what, and what happens when one fails."""

from __future__ import annotations

import asyncio
import gc
import logging
import textwrap

import pytest

from plugbus.errors import ConfigurationError, DefinitionError, PluginHookError
from plugbus.hookspecs import Deadline, Health, HookContext
from plugbus.plugins._hooks import HOOKS
from plugbus.plugins.host import Contributions, PluginHost


BUS = object()


def plugin(*methods, head="class P(Plugin[None]):\n    api = 1\n"):
    return head + "".join(textwrap.indent(textwrap.dedent(method), "    ") for method in methods)


@pytest.fixture
def host(site, load):
    """Load plugins named one, two, ... from the sources of their classes."""

    def host(*sources, text=None):
        names = ["one", "two", "three"][: len(sources)]
        for name, source in zip(names, sources, strict=True):
            site.add(f"demo-{name}", source)
        return load(text or "".join(f"[plugins.{name}]\n" for name in names))

    return host


YIELDS = """
@hookimpl
def {hook}(self, context):
    yield "{name}-1"
    yield "{name}-2"
"""


@pytest.mark.parametrize("hook", ["event_types", "handlers", "middleware", "interceptors", "monitors"])
def test_what_plugins_contribute_comes_with_their_names_in_their_order(host, hook):
    found = host(plugin(YIELDS.format(hook=hook, name="a")), plugin(YIELDS.format(hook=hook, name="b"))).contributions(
        BUS
    )
    assert getattr(found, hook) == (("one", "a-1"), ("one", "a-2"), ("two", "b-1"), ("two", "b-2"))
    empty = Contributions()
    assert all(
        getattr(found, other) == getattr(empty, other) for other in HOOKS if other != hook and hasattr(empty, other)
    )


def test_a_hook_is_given_the_plugin_s_surroundings_with_the_bus(host, tmp_path):
    found = host(plugin("@hookimpl\ndef handlers(self, context):\n    return [context, self.context]\n")).contributions(
        BUS
    )
    given, own = (context for _, context in found.handlers)
    assert given == own == HookContext("one", "demo-one 1.0", tmp_path / "app", BUS, ("one",), given.table)
    assert given.position() == "plugbus.toml:1"


@pytest.mark.parametrize(
    "method",
    [
        "@hookimpl\ndef handlers(self): return ['x']",
        "def handlers(self): return ['x']",
        "@hookimpl\ndef handlers(self, *, context): return ['x'] if context.plugin else []",
        "@hookimpl\ndef handlers(self, context=None): return ['x'] if context.plugin else []",
        "@hookimpl\ndef handlers(self, **given): return ['x'] if given['context'].plugin else []",
        "@hookimpl\ndef handlers(self, other=1): return ['x']",
        "@staticmethod\n@hookimpl\ndef handlers(context): return ['x'] if context.plugin else []",
        "@classmethod\n@hookimpl\ndef handlers(cls, context): return ['x'] if cls.api else []",
        "@hookimpl\n@classmethod\ndef handlers(cls): return ['x']",
        "def _one(self, n): return [n]\n@hookimpl\ndef handlers(self): return self._one('x')",
    ],
)
def test_a_hook_may_be_written_in_any_form_that_can_be_called(host, method):
    assert host(plugin(method)).contributions(BUS).handlers == (("one", "x"),)


def test_a_hook_is_inherited_from_a_base_of_the_author_s_own(host):
    source = """
    class Base(Plugin[None]):
        api = 1

        @hookimpl
        def handlers(self): return ['x']

    class P(Base): pass
    """
    assert host(source).contributions(BUS).handlers == (("one", "x"),)


def test_a_property_of_a_plugin_is_not_called_to_look_for_hooks(host):
    host(plugin("@property\ndef expensive(self): raise RuntimeError('asked')\n")).contributions(BUS)


def test_a_hook_may_return_none(host):
    found = host(plugin("def handlers(self): pass\ndef services(self): pass\ndef lifespan(self): pass\n"))
    assert found.contributions(BUS) == Contributions()
    assert found.lifespans(BUS) == []


def test_services_are_collected_by_type(host):
    found = host(plugin("def services(self): return {int: 1}"), plugin("def services(self): return {str: 'x'}"))
    assert found.contributions(BUS).services == {int: 1, str: "x"}


def test_two_plugins_that_offer_the_same_service_are_an_error_that_names_both(host):
    offer = plugin("def services(self): return {int: 1}")
    with pytest.raises(ConfigurationError) as caught:
        host(offer, offer).contributions(BUS)
    assert str(caught.value).startswith(
        "hook 'services' of plugin two (demo-two 1.0) offers a service of type int, which plugin one offers already\n"
    )


def test_a_hook_that_raises_is_named_and_the_others_still_run(host):
    raising = plugin(
        "calls = []\ndef handlers(self):\n    yield 1\n    raise ValueError('boom')\ndef middleware(self): 1 / 0\n"
    )
    noting = plugin("calls = []\ndef handlers(self):\n    self.calls.append(1)\n    return ()\n")
    loaded = host(raising, noting)
    with pytest.raises(ConfigurationError) as caught:
        loaded.contributions(BUS)
    first, second = caught.value.exceptions
    assert isinstance(first, PluginHookError)
    assert (first.plugin, first.hook, first.distribution) == ("one", "handlers", "demo-one 1.0")
    assert str(first) == "hook 'handlers' of plugin one (demo-one 1.0) raised ValueError: boom"
    assert isinstance(first.__cause__, ValueError)
    assert (second.hook, str(caught.value).splitlines()[-1]) == ("middleware", "2 problems. Nothing was started.")
    import demo_two

    assert demo_two.P.calls == [1]


@pytest.mark.parametrize("error", ["SystemExit", "BaseException", "GeneratorExit"])
def test_whatever_a_hook_raises_is_an_error(host, error):
    with pytest.raises(ConfigurationError, match="Nothing was started"):
        host(plugin(f"def handlers(self): raise {error}")).contributions(BUS)


def test_an_interruption_in_a_hook_is_one(host):
    with pytest.raises(KeyboardInterrupt):
        host(plugin("def handlers(self): raise KeyboardInterrupt")).contributions(BUS)


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("def handlers(self): return 7", "returned int, expected an iterable"),
        ("def handlers(self): return 'abc'", "returned str, expected an iterable"),
        ("def handlers(self): return {}", "returned dict, expected an iterable"),
        ("def handlers(self): return self._later()\nasync def _later(self): pass", "returned coroutine, expected an"),
        ("def services(self): return [1]", "returned list, expected a mapping from types to objects"),
        ("def services(self): return {'x': 1}", "returned dict, expected a mapping from types to objects"),
    ],
)
def test_a_hook_that_returns_something_else_is_an_error(host, method, said):
    with pytest.raises(ConfigurationError) as caught:
        host(plugin(method)).contributions(BUS)
    assert said in str(caught.value)
    gc.collect()  # a coroutine that was dropped would warn here, and a warning is an error


def test_an_optional_plugin_whose_hook_raises_adds_nothing_and_is_warned_of_once(host, caplog):
    bad = plugin("def handlers(self): return ['x']\ndef middleware(self): 1 / 0\ndef services(self): return {int: 1}\n")
    good = plugin("def handlers(self): return ['y']\n")
    loaded = host(bad, good, text="[plugins.one]\nrequired = false\n[plugins.two]\n")
    with caplog.at_level(logging.WARNING, "plugbus"):
        found = loaded.contributions(BUS)
    assert (found.handlers, found.services) == ((("two", "y"),), {})
    assert [record.getMessage() for record in caplog.records] == [
        (
            "plugin one (demo-one 1.0) is left out: "
            "hook 'middleware' of plugin one (demo-one 1.0) raised ZeroDivisionError: division by zero"
        )
    ]
    record = next(record for record in loaded.records if record.name == "one")
    assert (str(record.state), record.problem.plugin) == ("broken", "one")
    assert loaded.lifespans(BUS) == []


def refuse_even(hook, item):
    if item % 2 == 0:
        raise DefinitionError(f"{item} is even")


def test_what_the_bus_cannot_take_is_an_error_that_names_plugin_hook_and_distribution(host):
    bad, good = plugin("def handlers(self): return [1, 2, 4]"), plugin("def monitors(self): return [6]")
    with pytest.raises(ConfigurationError) as caught:
        host(bad, good).contributions(BUS, refuse_even)
    assert [(one.plugin, one.hook, one.distribution) for one in caught.value.exceptions] == [
        ("one", "handlers", "demo-one 1.0"),
        ("one", "handlers", "demo-one 1.0"),
        ("two", "monitors", "demo-two 1.0"),
    ]
    assert str(caught.value).startswith(
        "hook 'handlers' of plugin one (demo-one 1.0) yields what does not fit: 2 is even\n"
    )


def test_an_optional_plugin_that_contributes_what_does_not_fit_is_left_out(host, caplog):
    bad, good = plugin("def handlers(self): return [1, 2]"), plugin("def handlers(self): return [3]")
    loaded = host(bad, good, text="[plugins.one]\nrequired = false\n[plugins.two]\n")
    assert loaded.contributions(BUS, refuse_even).handlers == (("two", 3),)
    states = {record.name: str(record.state) for record in loaded.records if record.selected}
    assert states == {"two": "ready", "one": "broken"}
    assert "plugin one (demo-one 1.0) is left out: hook 'handlers'" in caplog.text


def test_a_secret_in_what_a_hook_raises_is_not_shown(host):
    source = """
    @attrs.frozen
    class Settings:
        token: str = option('', help='opens it', secret=True)

    class P(Plugin[Settings]):
        api = 1

        def handlers(self): raise ValueError(self.settings.token)
    """
    with pytest.raises(ConfigurationError) as caught:
        host(source, text="[plugins.one]\ntoken = 'hunter2'\n").contributions(BUS)
    assert "raised ValueError: ***" in str(caught.value)
    assert caught.value.exceptions[0].__cause__ is None


LIFESPAN = """
@hookimpl
@__import__("contextlib").asynccontextmanager
async def lifespan(self, context):
    events.append(f"open {context.plugin}")
    yield
    events.append(f"close {context.plugin}")
"""


def test_lifespans_come_in_order_and_can_be_entered(host):
    loaded = host("events = []\n" + plugin(LIFESPAN), plugin(), "events = []\n" + plugin(LIFESPAN))
    lifespans = loaded.lifespans(BUS)
    assert [name for name, _ in lifespans] == ["one", "three"]

    async def enter():
        async with lifespans[0][1]:
            pass

    asyncio.run(enter())
    import demo_one

    assert demo_one.events == ["open one", "close one"]


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("def lifespan(self): return 7", "returned int, expected an async context manager"),
        ("def lifespan(self): 1 / 0", "raised ZeroDivisionError"),
    ],
)
def test_a_lifespan_that_cannot_be_is_an_error_of_a_required_plugin(host, method, said):
    with pytest.raises(ConfigurationError) as caught:
        host(plugin(method)).lifespans(BUS)
    assert said in str(caught.value)


def test_a_required_plugin_whose_lifespan_cannot_be_is_broken_however_often_it_is_tried(host):
    loaded = host(plugin("def lifespan(self): 1 / 0"))
    for _ in range(2):
        with pytest.raises(ConfigurationError):
            loaded.lifespans(BUS)
    assert (str(loaded.records[0].state), len(loaded.records[0].problems)) == ("broken", 1)


def test_an_optional_plugin_whose_lifespan_cannot_be_runs_in_part(host, caplog):
    loaded = host(plugin("def lifespan(self): 1 / 0"), text="[plugins.one]\nrequired = false\n")
    assert loaded.lifespans(BUS) == []
    assert str(loaded.records[0].state) == "degraded"
    assert "plugin one (demo-one 1.0) runs in part: hook 'lifespan'" in caplog.text


FLUSH = """
@hookimpl
def flush(self, deadline):
    import demo_one
    demo_one.order.append((type(self).__module__, deadline.remaining()))
"""


def test_plugins_are_flushed_in_reverse_order_and_a_failure_stops_nobody(host):
    loaded = host("order = []\n" + plugin(FLUSH), plugin("def flush(self): 1 / 0"), plugin(FLUSH))
    now = iter([10.0, 11.0, 14.0])
    failures = loaded.flush(Deadline.after(2.5, clock=lambda: next(now)))
    import demo_one

    assert demo_one.order == [("demo_three", 1.5), ("demo_one", 0.0)]
    assert [str(failure) for failure in failures] == [
        "hook 'flush' of plugin two (demo-two 1.0) raised ZeroDivisionError: division by zero"
    ]


def test_a_flush_that_leaves_a_coroutine_behind_is_a_failure(host):
    loaded = host(plugin("def flush(self): return self._later()\nasync def _later(self): pass"))
    assert "returned coroutine, expected None" in str(loaded.flush(Deadline.after(1))[0])


def test_health_may_be_told_at_once_or_later_and_what_raises_is_failing(host):
    loaded = host(
        plugin("def health(self): return Health('degraded', 'slow')"),
        plugin("async def health(self, context): raise OSError('gone')"),
        plugin("async def health(self): return 7"),
    )
    assert asyncio.run(loaded.health()) == {
        "one": Health("degraded", "slow"),
        "two": Health("failing", "gone"),
        "three": Health("failing", "hook 'health' returned int, expected Health"),
    }


def test_a_plugin_that_does_not_answer_in_time_is_failing_and_the_others_are_asked(host):
    loaded = host(
        plugin("async def health(self):\n    import asyncio\n    await asyncio.Event().wait()\n"),
        plugin("def health(self): return Health('ok')"),
    )
    assert asyncio.run(loaded.health(timeout=0.01)) == {
        "one": Health("failing", "it did not answer within 0.01 s"),
        "two": Health("ok"),
    }


def test_only_plugins_that_can_tell_are_asked_for_their_health(host):
    assert asyncio.run(host(plugin()).health()) == {}


def test_health_knows_three_states():
    with pytest.raises(ValueError, match="status"):
        Health("fine")


def test_one_plugin_is_loaded_for_its_commands_however_broken_others_and_the_bus_s_settings_are(site, configure):
    import sys

    command = "click.Command(f'{context.plugin}-{context.bus}')"
    site.add("demo-one", "import click\n" + plugin(f"def commands(self, context): yield {command}"))
    site.add("demo-two", "raise SystemExit('imported')")
    config = configure("[bus]\nsource = 3\n[plugins.two]\nx = 1\n[plugins.three]\n")
    assert [command.name for command in PluginHost.load_one(config, "one").commands("one")] == ["one-None"]
    assert "demo_two" not in sys.modules


def test_one_plugin_that_is_loaded_alone_gets_its_settings_and_its_problems(site, configure):
    site.add("demo-one", plugin())
    for text in ("[plugins.one]\nsize = 3\n", "[plugins.one]\nrequired = 3\n"):
        with pytest.raises(ConfigurationError) as caught:
            PluginHost.load_one(configure(text), "one")
        assert len(caught.value.exceptions) == 1
    with pytest.raises(ConfigurationError) as caught:
        PluginHost.load_one(configure(""), "onee")
    assert "plugin 'onee' is not installed. Did you mean 'one'?" in str(caught.value)


def test_commands_that_raise_are_reported(host):
    loaded = host(plugin("def commands(self): 1 / 0"))
    with pytest.raises(ConfigurationError) as caught:
        loaded.commands("one")
    assert "hook 'commands' of plugin one (demo-one 1.0) raised ZeroDivisionError" in str(caught.value)


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("def commands(self): yield 7", "yields int, expected commands of click"),
        ("def commands(self): yield click.Command(None)", "yields a command without a name"),
        ("def commands(self): return [click.Command('a'), click.Command('a')]", "yields more than one command 'a'"),
    ],
)
def test_what_is_no_command_is_reported(host, method, said):
    with pytest.raises(ConfigurationError) as caught:
        host("import click\n" + plugin(method)).commands("one")
    assert f"hook 'commands' of plugin one (demo-one 1.0) {said}" in str(caught.value)


def test_two_hosts_share_no_plugin(site, load):
    site.add("demo-one", plugin("def handlers(self): return [self]"))
    first, second = load("[plugins.one]\n"), load("[plugins.one]\n")
    assert first.contributions(BUS).handlers[0][1] is not second.contributions(BUS).handlers[0][1]


def test_states_can_be_marked_as_the_bus_goes_on(host):
    loaded = host(plugin(), plugin())
    loaded.mark("two", "started")
    assert [str(record.state) for record in loaded.records if record.selected] == ["ready", "started"]


def test_plugins_without_a_lifespan_follow_the_bus_and_those_with_something_wrong_do_not(host):
    loaded = host(
        plugin("def lifespan(self): 1 / 0"),
        plugin("def handlers(self): 1 / 0"),
        plugin("def lifespan(self): return None"),
        text="[plugins.one]\nrequired = false\n[plugins.two]\nrequired = false\n[plugins.three]\n",
    )
    loaded.contributions(BUS)
    loaded.lifespans(BUS)
    for state in ("started", "stopped"):
        loaded.mark_others(state)
        assert {record.name: str(record.state) for record in loaded.records if record.selected} == {
            "one": "degraded",
            "two": "broken",
            "three": state,
        }
