"""From the rules in the configuration to `Rule` objects; whatever is wrong stops the start, with its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from plugbus.errors import ConfigurationError, DefinitionError, Problem
from plugbus.handlers import parse_pattern
from plugbus_guards.guard import AllOf, AnyOf, Guard, InThread, Not
from plugbus_guards.rule import Rule
from plugbus_guards.surroundings import load


if TYPE_CHECKING:
    from plugbus.plugins import HookContext
    from plugbus_guards.settings import GuardsSettings, RuleSettings
    from plugbus_guards.surroundings import Surroundings

__all__ = ("check_rules", "read_rules")

_Keys = tuple[str | int, ...]


def read_rules(settings: GuardsSettings, context: HookContext, surroundings: Surroundings) -> tuple[Rule, ...]:
    """
    Make the rules.

    Args:
        settings: The plugin's settings.
        context: Knows where each setting stands.
        surroundings: Where resolvers, flags and policies are looked up.

    Raises:
        ConfigurationError: With everything that is wrong with them.
    """
    reader = _Reader(context, surroundings)
    rules = [reader.rule(rule, ("rules", index)) for index, rule in enumerate(settings.rules)]
    if reader.problems:
        raise ConfigurationError("Nothing was started.", reader.problems)
    return tuple(rule for rule in rules if rule is not None)


def check_rules(settings: GuardsSettings, context: HookContext) -> None:
    """
    Find what is wrong with the rules, as far as that can be told without importing or opening anything.

    Args:
        settings: The plugin's settings.
        context: Knows where each setting stands.

    Raises:
        ConfigurationError: With everything that is wrong with them.
    """
    reader = _Reader(context, None)
    for index, rule in enumerate(settings.rules):
        reader.rule(rule, ("rules", index))
    if reader.problems:
        raise ConfigurationError("Nothing was started.", reader.problems)


class _Reader:
    """
    Reads rules and collects what is wrong with them.

    Args:
        context: Knows where each setting stands.
        surroundings: Where resolvers, flags and policies are looked up; None to import and look up nothing.
    """

    def __init__(self, context: HookContext, surroundings: Surroundings | None) -> None:
        self.problems: list[Exception] = []
        self._context = context
        self._surroundings = surroundings

    def rule(self, settings: RuleSettings, keys: _Keys) -> Rule | None:
        names = (settings.class_,) if isinstance(settings.class_, str) else settings.class_
        if not settings.events and not names:
            self._wrong("a rule names its events: events = [...], or class = ...", keys)
        if not settings.all and not settings.any:
            self._wrong("a rule names guards that have to allow: all = [...], or any = [...]", keys)
        patterns = [found for found in self._each(settings.events, (*keys, "events"), parse_pattern) if found]
        # One that is written as a text has no index in the file.
        places = (*keys, "class")
        named = names if self._surroundings is not None else ()
        whole = isinstance(settings.class_, str)
        classes = [found for found in self._each(named, places, _class, whole=whole) if found]
        name = settings.name or ", ".join((*settings.events, *names)) or "a rule"
        parts: list[Guard] = []
        if settings.all:
            parts += self._guards(settings.all, (*keys, "all"), name)
        if settings.any:
            some = self._guards(settings.any, (*keys, "any"), name)
            parts += [AnyOf(tuple(some))] if some else []
        if not parts:
            return None
        return Rule(
            name=name,
            patterns=tuple(patterns),
            classes=tuple(classes),
            guard=parts[0] if len(parts) == 1 else AllOf(tuple(parts)),
            mode=settings.mode,
            place=self._context.position(*keys),
        )

    def _each(self, values: Sequence[str], keys: _Keys, read: Any, *, whole: bool = False) -> list[Any]:
        found = []
        for index, value in enumerate(values):
            try:
                found.append(read(value))
            except DefinitionError as error:
                self._wrong(str(error), keys if whole else (*keys, index))
        return found

    def _guards(self, items: Sequence[object], keys: _Keys, rule: str) -> list[Guard]:
        found = [self._guard(item, (*keys, index), rule) for index, item in enumerate(items)]
        return [guard for guard in found if guard is not None]

    def _guard(self, item: object, keys: _Keys, rule: str) -> Guard | None:
        if isinstance(item, str):
            return self._named(item, {}, keys, rule)
        if not isinstance(item, Mapping):
            self._wrong(f"a guard is a name or a table, got {type(item).__name__}", keys)
            return None
        if "guard" in item:  # a setting of it may be called `all` or `any`
            settings = {key: value for key, value in item.items() if key != "guard"}
            return self._named(item["guard"], settings, keys, rule)
        kinds = [kind for kind in ("all", "any", "not") if kind in item]
        if len(kinds) != 1:
            self._wrong("a table for a guard has one of the keys guard, all, any and not", keys)
            return None
        kind = kinds[0]
        unknown = sorted(set(item) - {kind})
        if unknown:
            self._wrong(f"beside {kind} there is nothing else, got {unknown[0]}", (*keys, unknown[0]), mark="key")
            return None
        if kind == "not":
            inner = self._guard(item["not"], (*keys, "not"), rule)
            return None if inner is None else Not(inner)
        items = item[kind]
        if not isinstance(items, list | tuple) or not items:
            self._wrong(f"{kind} is a list of guards with one at least", (*keys, kind))
            return None
        guards = tuple(self._guards(items, (*keys, kind), rule))
        return (AllOf if kind == "all" else AnyOf)(guards) if len(guards) == len(items) else None

    def _named(self, name: object, settings: Mapping[str, object], keys: _Keys, rule: str) -> Guard | None:
        cls = self._class_of(name, keys if not settings else (*keys, "guard"))
        if cls is None:
            return None
        own = dict(settings)
        in_thread = own.pop("in_thread", False)
        if not isinstance(in_thread, bool):
            self._wrong("in_thread is true or false", (*keys, "in_thread"))
            return None
        guard = self._made(cls, own, keys, rule)
        if guard is None:
            return None
        if self._surroundings is None:
            return guard
        try:
            guard.prepare(self._surroundings)
        except DefinitionError as error:
            self._wrong(str(error), keys)
            return None
        return InThread(guard) if in_thread else guard

    def _class_of(self, name: object, keys: _Keys) -> type[Guard] | None:
        from plugbus_guards.guards import BUILT_IN

        if not isinstance(name, str):
            self._wrong(f"the name of a guard is a text, got {type(name).__name__}", keys)
            return None
        if name in BUILT_IN:
            return BUILT_IN[name]
        if ":" not in name:
            self._wrong(
                f"there is no guard {name!r}", keys,
                hint=_suggestion(name, BUILT_IN) or f"There are {', '.join(BUILT_IN)}; your own is named module:Class",
            )  # fmt: skip
            return None
        if self._surroundings is None:
            return None  # not before the application's modules are imported
        try:
            found = load(name)
        except DefinitionError as error:
            self._wrong(str(error), keys)
            return None
        if isinstance(found, type) and issubclass(found, Guard):
            return found
        self._wrong(f"{name} is no class derived from plugbus_guards.Guard", keys)
        return None

    def _made(self, cls: type[Guard], settings: dict[str, object], keys: _Keys, rule: str) -> Guard | None:
        table = self._context.table
        try:
            if not attrs.has(cls):
                if settings:
                    self._wrong(f"guard {cls.__name__} has no settings", keys)
                    return None
                return cls()
            read: Any = table.read(cls, settings, *keys) if table is not None else cls(**settings)
        except ConfigurationError as error:
            self.problems += error.exceptions
            return None
        except (DefinitionError, TypeError) as error:
            self._wrong(f"guard {cls.name or cls.__name__}: {error}", keys)
            return None
        if getattr(read, "scope", "") is None:
            read = attrs.evolve(read, scope=rule)
        guard: Guard = read
        return guard

    def _wrong(self, message: str, keys: _Keys, *, mark: Any = "value", hint: str | None = None) -> None:
        problem: Problem = self._context.problem(message, *keys, mark=mark, hint=hint)
        self.problems.append(problem)


def _class(name: str) -> type:
    found = load(name)
    if not isinstance(found, type):
        raise DefinitionError(f"{name} is {type(found).__name__}, expected a class of events")
    return found


def _suggestion(name: str, known: Mapping[str, object]) -> str | None:
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else None
