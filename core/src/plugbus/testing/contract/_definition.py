"""Checks of what the class and its distribution say."""

from __future__ import annotations

from plugbus.hookspecs import SUPPORTED_API
from plugbus.plugins._hooks import HOOKS, faults_of_hooks, near_misses
from plugbus.plugins.discovery import BUILT_IN, discover, is_plugin_name
from plugbus.testing._building import entry_points_of
from plugbus.testing.contract._subject import Subject
from plugbus.testing.contract._verdict import fail, listed


__all__ = ("documented", "entry_point", "hooks_match", "states_api")


def entry_point(subject: Subject) -> None:
    """Check that exactly one installed distribution offers the class as a plugin."""
    found, others = entry_points_of(subject.plugin)
    lines = (
        f'\n\n    [project.entry-points."plugbus.plugins"]\n    {subject.name} = '
        f'"{subject.plugin.__module__}:{subject.plugin.__qualname__}"\n\n'
    )
    if not found:
        instead = f"\nThere is {'; '.join(others)}." if others else ""
        fail(
            f"No installed distribution has an entry point that is {subject.plugin.__qualname__}.{instead}\nWrite into "
            f"its pyproject.toml{lines}and install it again (pip install -e .): entry points are read when it is."
        )
    if len(found) > 1:
        names = ", ".join(f"{candidate.name} of {candidate.distribution}" for candidate in found)
        fail(f"{subject.plugin.__qualname__} is offered more than once: {names}. A class is one plugin: keep one line.")
    name = found[0].name
    if not is_plugin_name(name):
        fail(
            f"{name!r} is no plugin's name, since it is also a key in TOML and a command: rename the entry point; "
            f"lower case letters and digits, words joined by single underscores."
        )
    if name in BUILT_IN and subject.implements("commands"):
        fail(f"Rename the entry point {name}: `plugbus {name}` is a command of plugbus, and hides those of the plugin.")
    claims = [claim.distribution or claim.value for claim in discover().of(name)]
    if len(claims) > 1:
        fail(f"The name {name!r} is claimed by {' and '.join(claims)}. Uninstall one of them, or rename the plugin.")


def states_api(subject: Subject) -> None:
    """Check that the class says for which generation of the hooks it was written."""
    api = getattr(subject.plugin, "api", None)
    known = ", ".join(map(str, sorted(SUPPORTED_API)))
    if type(api) is not int:
        fail(f"Write `api = {max(SUPPORTED_API)}` into {subject.plugin.__qualname__}: the generation of the hooks.")
    if api not in SUPPORTED_API:
        fail(f"{subject.plugin.__qualname__} states api {api}, this plugbus serves {known}: state that, or upgrade it.")


def documented(subject: Subject) -> None:
    """Check that the class and its settings have docstrings of their own."""
    for cls in filter(None, (subject.plugin, subject.settings_class)):
        if not (vars(cls).get("__doc__") or "").strip():
            fail(f"{cls.__qualname__} has no docstring. Its first line is what users read in lists: a sentence.")


def hooks_match(subject: Subject) -> None:
    """Check that every hook has the name and the shape that is called, and that there is one at all."""
    faults = [f"{message}. {hint}" if hint else message for message, hint in faults_of_hooks(subject.plugin)]
    if faults:
        fail(f"The hooks of {subject.plugin.__qualname__} do not match plugbus.hookspecs:{listed(faults)}")
    near = [f"{name}: is it meant to be the hook {hook}?" for name, hook in near_misses(subject.plugin)]
    if near:
        fail(
            f"Nobody calls these methods of {subject.plugin.__qualname__}:{listed(near)}\nGive a hook its name and "
            f"decorate it with `hookimpl`, which has misspelt names refused; begin names of other methods with `_`."
        )
    if not any(subject.implements(hook) for hook in HOOKS):
        fail(
            f"{subject.plugin.__qualname__} implements no hook, so it does nothing. The hooks are "
            f"{', '.join(HOOKS)}; decorate methods of these names with `hookimpl`."
        )
