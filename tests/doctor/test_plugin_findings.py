from __future__ import annotations

import sys

import pytest

from plugbus import EventBus
from plugbus.config import load_config
from plugbus.doctor import Severity, examine, examine_live
from plugbus.errors import ConfigurationError, OrderError


GOOD = "class P(Plugin[None]):\n    api = 1\n"
LOUD = "raise SystemExit('imported')"
STRICT = "@attrs.frozen\nclass S:\n    size: int = option(1, help='x')\n\nclass P(Plugin[S]):\n    api = 1\n"

BROKEN = {
    "PB102": (None, "plugin 'one' is not installed"),
    "PB103": ("class P(Plugin[None]):\n    api = 7\n", "was written for api 7 of the hooks"),
    "PB104": ("1 / 0", "cannot be imported from demo_one:P: ZeroDivisionError"),
    "PB105": (STRICT, "unknown setting 'siez' of plugin one"),
    "PB106": ("class P(Plugin[None]):\n    api = 1\n    after = ('one',)\n", "closes a cycle"),
}


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("number", BROKEN)
def test_each_way_in_which_a_plugin_does_not_work_has_its_number(install, configure, number, required):
    source, said = BROKEN[number]
    if source is not None:
        install("one", source)
    setting = "siez = 1\n" if number == "PB105" else ""
    config = configure(f"[plugins.one]\nrequired = {str(required).lower()}\n{setting}")
    (finding,) = (one for one in examine(config=config).findings if one.plugin == "one")
    assert finding.number == number
    assert said in finding.message
    assert finding.severity is (Severity.ERROR if required else Severity.WARNING)
    assert finding.place.startswith("plugbus.toml:")
    assert finding.remedy


def test_a_plugin_that_does_not_fit_this_version_names_the_side_to_upgrade(install, configure):
    install("one", LOUD, requires=["plugbus>=9"])
    (finding,) = (one for one in examine(config=configure("[plugins.one]\n")).findings if one.plugin == "one")
    assert (finding.number, finding.remedy) == ("PB103", 'Upgrade plugbus: pip install "plugbus>=9"')
    assert "demo_one" not in sys.modules


def test_every_problem_of_every_plugin_is_found_without_a_bus(install, configure):
    install("one", "1 / 0")
    install("two", STRICT)
    config = configure("[bus]\nsource = 1\n[plugins.one]\n[plugins.two]\na = 1\nb = 2\n[plugins.three]\n")
    with pytest.raises(ConfigurationError) as caught:
        EventBus.from_config()
    report = examine(config=config, error=caught.value)
    numbers = [one.number for one in report.findings if one.severity is Severity.ERROR]
    assert numbers == ["PB101", "PB102", "PB104", "PB105", "PB105"]
    assert not report.fine


def test_what_kept_the_configuration_from_being_read_is_a_finding(configure):
    with pytest.raises(ConfigurationError) as caught:
        configure("[bus\n")
    (finding,) = (one for one in examine(error=caught.value).findings if one.severity is Severity.ERROR)
    assert (finding.number, finding.place) == ("PB101", "plugbus.toml:1:5")


def test_a_hook_that_kept_the_bus_from_being_built_is_a_finding(install, configure):
    install("one", GOOD + "    def handlers(self): 1 / 0\n")
    config = configure("[plugins.one]\n")
    with pytest.raises(ConfigurationError) as caught:
        EventBus.from_config()
    report = examine(config=config, error=caught.value)
    (finding,) = (one for one in report.findings if one.plugin == "one")
    assert (finding.number, finding.severity) == ("PB104", Severity.ERROR)
    assert {record.name: record.state for record in report.plugins if record.selected} == {"one": "broken"}
    assert "hook 'handlers' of plugin one (demo-one 1.0) raised ZeroDivisionError" in finding.message


def test_a_plugin_that_was_left_out_is_a_warning_on_a_bus_that_works(install, configure):
    install("one", GOOD + "    def handlers(self): 1 / 0\n")
    configure("[plugins.one]\nrequired = false\n")
    (finding,) = (one for one in examine(EventBus.from_config()).findings if one.plugin == "one")
    assert (finding.number, finding.severity) == ("PB104", Severity.WARNING)


def test_a_handler_of_the_application_that_cannot_be_subscribed_is_a_finding(configure):
    with pytest.raises(TypeError) as caught:
        EventBus().subscribe("a.b", lambda: None)
    (finding,) = (one for one in examine(error=caught.value).findings if one.number == "PB303")
    assert finding.severity is Severity.ERROR


async def test_an_order_that_kept_the_bus_from_starting_is_a_finding_once():
    bus = EventBus()
    bus.subscribe("user.created", print, after="nobody")
    with pytest.raises(OrderError) as caught:
        await bus.start()
    assert [one.number for one in examine(error=caught.value).findings if one.severity is Severity.ERROR] == ["PB304"]
    assert [one.number for one in examine(bus, error=caught.value).findings if one.number == "PB304"] == ["PB304"]
    await bus.stop()


def test_whatever_else_was_raised_is_a_finding_too():
    (finding,) = (one for one in examine(error=RuntimeError("no")).findings if one.severity is Severity.ERROR)
    assert (finding.number, finding.message) == ("PB101", "the bus cannot be built: RuntimeError: no")


def test_a_wish_that_the_configuration_overrules_is_a_note(install, configure):
    install("one", GOOD + "    after = ('two',)\n")
    install("two", GOOD)
    configure("[bus]\nplugins = ['one', 'two']\n")
    (finding,) = (one for one in examine(EventBus.from_config()).findings if one.number == "PB108")
    assert finding.severity is Severity.NOTE
    assert finding.message == (
        "`after` of plugin one (demo-one 1.0) asks for two before one, the configuration says otherwise"
    )


def test_a_plugin_that_is_off_is_neither_examined_nor_imported(install, configure):
    install("one", LOUD)
    install("two", LOUD)
    config = configure("[plugins.one]\nenabled = false\nwhatever = 1\n[plugins.two]\n")
    assert not [one for one in examine(config=config, disabled=["two"]).findings if one.plugin in {"one", "two"}]
    assert not {"demo_one", "demo_two"} & set(sys.modules)


def test_without_a_configuration_there_is_no_plugin_to_be_wrong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert examine(EventBus(), config=load_config(environ={})).fine


HEALTH = GOOD + "    def health(self): return Health({status!r}, {detail!r})\n"
OPENS = """
from contextlib import asynccontextmanager

class P(Plugin[None]):
    api = 1
    events = []

    @asynccontextmanager
    async def lifespan(self):
        self.events.append("opened")
        yield
"""


async def test_a_live_examination_asks_the_plugins_how_they_are(install, configure):
    install("one", HEALTH.format(status="ok", detail=""))
    install("two", HEALTH.format(status="degraded", detail="slow"))
    install("three", HEALTH.format(status="failing", detail=""))
    configure("[plugins.one]\n[plugins.two]\n[plugins.three]\n")
    async with EventBus.from_config() as bus:
        report = await examine_live(bus)
    found = [(one.number, one.severity, one.message) for one in report.findings if one.number > "PB4"]
    assert found == [
        ("PB401", Severity.ERROR, "plugin three is failing"),
        ("PB402", Severity.WARNING, "plugin two is degraded: slow"),
    ]
    assert {name: answer.status for name, answer in report.health.items()} == {
        "one": "ok",
        "two": "degraded",
        "three": "failing",
    }
    assert report.as_json()["health"]["two"] == {"status": "degraded", "detail": "slow"}


async def test_an_optional_plugin_that_could_not_be_started_is_found_live(install, configure):
    install("one", OPENS.replace('self.events.append("opened")', "raise OSError('no disk')"))
    configure("[plugins.one]\nrequired = false\n")
    async with EventBus.from_config() as bus:
        report = await examine_live(bus)
    (finding,) = (one for one in report.findings if one.plugin == "one")
    assert (finding.number, finding.severity) == ("PB107", Severity.WARNING)


async def test_an_optional_plugin_that_says_why_it_runs_in_part_is_quoted(install, configure):
    install("one", GOOD + "    def lifespan(self): 1 / 0\n")
    configure("[plugins.one]\nrequired = false\n")
    async with EventBus.from_config() as bus:
        report = await examine_live(bus)
    (finding,) = (one for one in report.findings if one.plugin == "one")
    assert finding.number == "PB107"
    assert "ZeroDivisionError" in finding.message


async def test_a_bus_without_plugins_can_be_examined_live():
    async with EventBus() as bus:
        assert (await examine_live(bus)).health == {}


def test_an_examination_starts_nothing_and_asks_nobody(install, configure):
    install("one", OPENS + "\n    def health(self): self.events.append('asked')\n")
    configure("[plugins.one]\n")
    bus = EventBus.from_config()
    examine(bus)
    import demo_one

    assert demo_one.P.events == []
    assert [str(record.state) for record in bus.plugins if record.name == "one"] == ["ready"]


async def test_a_method_that_is_nearly_a_hook_is_found_with_the_hook_that_was_meant(install, configure):
    install("one", GOOD + "    def handlrs(self): yield from ()\n    def _middlewares(self): ...\n")
    install("two", GOOD + "    def handlers(self): yield from ()\n    def report(self): ...\n")
    configure("[plugins.one]\n[plugins.two]\n")
    for report in (examine(EventBus.from_config()), examine(config=load_config(environ={}))):
        (finding,) = (one for one in report.findings if one.number == "PB109")
        assert finding.message == "nobody calls method 'handlrs' of P, the class of plugin one"
        assert finding.remedy.startswith(
            "Did you mean 'handlers'? Decorated with `hookimpl` a misspelt hook is refused"
        )
        assert finding.severity is Severity.WARNING


COMMANDS = GOOD + "    def commands(self):\n        import click\n        yield click.Command('go')\n"


def test_commands_that_a_command_of_plugbus_hides_are_found(install, configure):
    install("doctor", COMMANDS)
    install("events", GOOD)
    install("one", COMMANDS)
    configure("[plugins.doctor]\n[plugins.events]\n[plugins.one]\n")
    (finding,) = (one for one in examine(EventBus.from_config()).findings if one.number == "PB110")
    said = "`plugbus doctor` is a command of plugbus, so those of plugin doctor cannot be called"
    assert (finding.message, finding.plugin) == (said, "doctor")
