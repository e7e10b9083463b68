"""Checks that secrets stay secret."""

from __future__ import annotations

import io
import logging

from plugbus.config import secret_values
from plugbus.config._annotations import table_kind
from plugbus.hookspecs import HookContext
from plugbus.testing.contract._samples import publish_all, samples_of
from plugbus.testing.contract._scenario import run
from plugbus.testing.contract._subject import Subject
from plugbus.testing.contract._verdict import fail


__all__ = ("hidden_in_log", "hidden_in_repr")

_CANARY = "canary-6f1c2d9e"


def hidden_in_repr(subject: Subject) -> None:
    """Check that no secret is in the repr of the settings or of the plugin."""
    cls = subject.settings_class
    if cls is None:
        return
    canaries = {key: _CANARY for key, setting in table_kind(cls).settings.items() if setting.secret}
    for table in (subject.settings, {**subject.settings, **canaries}):
        settings, _ = subject.read(table)
        if settings is None:
            continue  # a secret that must look like one: then only what the test class gives is looked at
        plugin = subject.plugin(settings, HookContext(subject.name, None, subject.folder))
        for value in (settings, plugin):
            if any(_shows(text, settings) for text in (repr(value), str(value))):
                fail(
                    f"The repr of {type(value).__qualname__} shows a secret, so tracebacks and logs may. Leave the "
                    f"repr of settings to attrs and `option(..., secret=True)`; a plugin's may leave its settings out."
                )


def hidden_in_log(subject: Subject) -> None:
    """Check that a bus that starts, handles events and stops writes no secret into the log, at any level."""
    if subject.settings_class is None:
        return
    settings, _ = subject.read(subject.settings)
    if settings is not None and secret_values(settings) and _shows(_log_of_a_life(subject), settings):
        fail("A secret of the settings is in the log. Log that something was used, not what it is.")


def _shows(text: str, settings: object) -> bool:
    """Tell whether a secret is in the text; three characters may be in any."""
    return any(secret in text for secret in secret_values(settings) if len(secret) > 3)


def _log_of_a_life(subject: Subject) -> str:
    async def life() -> None:
        built = subject.build()
        async with built.bus:
            await publish_all(built.bus, samples_of(built, subject.events))

    text = io.StringIO()
    handler = logging.StreamHandler(text)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        run(life, subject.seconds)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    return text.getvalue()
