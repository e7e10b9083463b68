"""Check that two buses with the plugin do not know of each other."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator

from plugbus._default import slot
from plugbus.handlers import Subscription
from plugbus.testing._building import Built
from plugbus.testing.contract._samples import publish_all, samples_of
from plugbus.testing.contract._scenario import run
from plugbus.testing.contract._subject import Subject
from plugbus.testing.contract._verdict import fail, listed


__all__ = ("share_nothing",)

_CODE = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type)


def share_nothing(subject: Subject) -> None:
    """Check that two buses have their own objects, that either can stop alone, and that no default bus is touched."""
    default = slot.bus

    async def both() -> tuple[Built, Built, list[str]]:
        one, two = subject.build("one"), subject.build("two")
        await one.bus.start()
        await two.bus.start()
        events = samples_of(one, subject.events)
        await publish_all(one.bus, events)
        await one.bus.stop(subject.seconds)
        results = await publish_all(two.bus, events)
        await two.bus.stop(subject.seconds)
        failures = [failure for _, result in results if result is not None for failure in result.failures]
        return one, two, [str(failure) for failure in failures if failure.plugin == two.name]

    one, two, failed = run(both, subject.seconds).value
    shared = sorted(what for what, thing in _things(one) if any(thing is other for _, other in _things(two)))
    if shared:
        fail(
            f"Two buses have the same object:{listed(shared)}\nMake it anew for each bus: keep it in the "
            f"plugin, of which there is one for each, and not in its module or class."
        )
    if list(_kinds(one)) != list(_kinds(two)):
        fail(
            f"The second bus gets something else than the first: {', '.join(_kinds(two)) or 'nothing'}, instead of "
            f"{', '.join(_kinds(one)) or 'nothing'}. What hooks give must depend on the settings alone."
        )
    if failed:
        fail(f"When one of two buses has been stopped, on the other these handlers of the plugin fail:{listed(failed)}")
    own = [module for module in list(sys.modules) if module.partition(".")[0] == subject.package]
    declared = [module for module in own if slot.declared_by(module)]
    if slot.bus is not default or declared:
        fail(
            f"The plugin uses the default bus ({', '.join(declared) or 'EventBus.get_instance()'}). Its own bus is "
            f"`context.bus`; handlers are contributed by the hook `handlers`, not by `on_event`."
        )


def _things(built: Built) -> Iterator[tuple[str, object]]:
    """Visit what the plugin has put on a bus and what may hold state: objects, and those that methods are bound to."""
    for hook, thing in _contributed(built):
        holder = thing.handler if isinstance(thing, Subscription) else thing
        holder = getattr(holder, "__self__", holder)
        if not isinstance(holder, _CODE) and _has_state(holder):
            yield f"hook `{hook}`: a {type(holder).__qualname__}", holder


def _contributed(built: Built) -> Iterator[tuple[str, object]]:
    for hook in ("handlers", "middleware", "interceptors", "monitors"):
        for _, thing in getattr(built.contributed, hook):
            yield hook, thing
    for thing in built.contributed.services.values():
        yield "services", thing


def _kinds(built: Built) -> Iterator[str]:
    for hook, thing in _contributed(built):
        yield f"{hook}: {type(thing).__qualname__}"


def _has_state(thing: object) -> bool:
    slots = (name for cls in type(thing).__mro__ for name in getattr(cls, "__slots__", ()))
    return bool(getattr(thing, "__dict__", None)) or any(name != "__weakref__" for name in slots)
