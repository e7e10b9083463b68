"""Plugins that keep the contract though they are unusual."""

from __future__ import annotations

import sys

import pytest

from plugbus.testing.contract import PluginContract


CHECKS = [name for name in vars(PluginContract) if name.startswith("test_")]

LEAST = '''
class ProbePlugin(Plugin[None]):
    """Does the least that a plugin can do."""

    api = 1

    @hookimpl
    def lifespan(self):
        return None
'''

GUARD = '''
from plugbus import Refusal

class Denied(Refusal): ...

class ProbePlugin(Plugin[None]):
    """Refuses what it does not know, and keeps notes of what it does."""

    api = 1

    @hookimpl
    @contextlib.asynccontextmanager
    async def lifespan(self):
        yield

    @hookimpl
    def middleware(self):
        yield self.decide

    def decide(self, event):
        if envelope(event).type != "note.taken":
            raise Denied("no")
        return event

    @hookimpl
    def handlers(self):
        yield Subscription("note.*", lambda event: event.payload["text"], Options(name="read"))
        yield Subscription("com.example.Note.Taken", lambda event: None, Options(name="from outside"))
        yield Subscription(Event, lambda event: None, Options(name="generic"))
'''

NESTED = '''
@attrs.frozen
class Inner:
    key: str | None = option(None, help="h", secret=True)
    below: tuple[Inner, ...] = option((), help="h")

@attrs.frozen
class Nothing:
    """No setting at all."""

@attrs.frozen
class Settings:
    """Nested in every way."""

    inner: dict[str, Inner] = option(factory=lambda: {"a": Inner(), "b": Inner(below=(Inner(),))}, help="h")
    either: Inner | str = option("none", help="h")
    nothing: Nothing = option(Nothing(), help="h")
    token: str = option("abc", help="h", secret=True, validator=attrs.validators.max_len(3))
    token_bytes: int = option(16, help="h")
    token_path: Path = option(Path("t"), help="h")

class ProbePlugin(Plugin[Settings]):
    """Has many settings."""

    api = 1

    @hookimpl
    def flush(self): ...
'''

PROTOCOL = '''
from typing import Protocol

class Clock(Protocol):
    def now(self) -> float: ...

class Still:
    def now(self) -> float:
        return 0.0

class ProbePlugin(Plugin[None]):
    """Offers a service by a protocol."""

    api = 1

    @hookimpl
    def services(self):
        return {Clock: Still()}
'''


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("source", [LEAST, NESTED, PROTOCOL], ids=["least", "nested", "protocol"])
def test_a_plugin_of_few_hooks_passes_every_check(name, source, check):
    check(name, source)


@pytest.mark.parametrize("name", [name for name in CHECKS if name != "test_its_handlers_take_their_events"])
def test_a_guard_passes_if_an_event_is_given_that_it_lets_pass(name, check):
    check(name, GUARD, events=["Event(type='note.taken', payload={'text': 'x'})"])


def test_a_type_that_only_events_from_outside_have_cannot_be_made_up(check):
    with pytest.raises(pytest.fail.Exception, match="reaches these handlers:\n  - from outside, which listens to"):
        check("test_its_handlers_take_their_events", GUARD, events=["Event(type='note.taken', payload={'text': 'x'})"])


def test_a_setting_that_sounds_secret_may_be_said_to_be_none(check):
    source = LEAST.replace("class ProbePlugin(Plugin[None])", "class ProbePlugin(Plugin[Settings])")
    settings = '@attrs.frozen\nclass Settings:\n    "They."\n    password_policy: str = option("long", help="h")\n'
    check("test_what_sounds_like_a_secret_is_one", settings + source, no_secrets=["password_policy"])


def test_a_heavy_import_may_be_allowed(check):
    check("test_importing_it_stays_within_the_budget", f"import click\n{LEAST}", allowed_imports=["click"])


def test_commands_cannot_be_checked_without_click(check, monkeypatch):
    monkeypatch.setitem(sys.modules, "click", None)
    source = f"{LEAST}\n    @hookimpl\n    def commands(self): return ()\n"
    with pytest.raises(pytest.fail.Exception, match=r'install "plugbus\[cli\]" for the tests'):
        check("test_its_commands_say_what_they_are_for", source)


def test_a_plugin_that_hangs_in_a_process_of_its_own_is_ended(check):
    source = f"{LEAST}\nif 'pytest' not in sys.modules:\n    threading.Event().wait(60)\n"
    with pytest.raises(pytest.fail.Exception, match="the plugin hangs there"):
        check("test_importing_it_does_nothing_else", source, seconds=0.2)
