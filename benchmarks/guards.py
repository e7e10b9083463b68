"""
What guards cost, beside the bare calls that they cannot do without.

    python benchmarks/guards.py [ROUNDS]

Interleaved rounds in one process, so that what slows the machine down slows all alike. Shown are the minima of all
rounds, in nanoseconds, and their ratio.

- middleware: the whole middleware of a rule with three plain guards, beside three bare calls of their checks;
- publish: `publish_sync` to one handler, with and without that rule; and a type that no rule names;
- Casbin: a decision through `CasbinPolicy`, beside `enforcer.enforce`, in policies of three sizes; and one that has
  been asked before, beside a lookup in a dict.
"""

from __future__ import annotations

import gc
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns

from plugbus import Event, EventBus
from plugbus_guards import Guards, Principal, as_principal
from plugbus_guards.context import GuardContext
from plugbus_guards.policies.casbin import CasbinPolicy


ROUNDS = 40
MODEL = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
"""
RULES = [
    {
        "events": ["order.*"],
        "all": ["authenticated", {"guard": "roles", "any": ["staff"]}, {"guard": "owner", "field": "user_id"}],
    }
]
SOMEBODY = Principal(id="7", roles=("staff",))


def best(calls: dict[str, Callable[[], object]], number: int, rounds: int) -> dict[str, float]:
    """Return the least time of one call of each, in nanoseconds."""
    least = dict.fromkeys(calls, float("inf"))
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, call in calls.items():
                start = perf_counter_ns()
                for _ in range(number):
                    call()
                least[name] = min(least[name], (perf_counter_ns() - start) / number)
    finally:
        gc.enable()
    return least


def show(title: str, found: dict[str, float], raw: str) -> None:
    print(title)
    for name, took in found.items():
        print(f"  {name:<44} {took:>10,.0f} ns  {took / found[raw]:>6.2f}")


def middleware(bus: EventBus, rounds: int) -> None:
    enforcer = bus.service(Guards)._enforcer
    admit = enforcer.for_type("order.placed")
    guards = enforcer.rules[0].guard.guards
    one, two, three = (guard.check for guard in guards)
    context = GuardContext("order.placed", bus.service(Guards).surroundings)
    event = Event(type="order.placed", payload={"user_id": "7"})

    def bare() -> object:
        one(event, SOMEBODY, context)
        two(event, SOMEBODY, context)
        three(event, SOMEBODY, context)
        return event

    with as_principal(SOMEBODY):
        found = best({"three bare calls": bare, "the middleware": lambda: admit(event)}, 20_000, rounds)
        # Both pay for a call of a lambda or a function; that is taken off neither.
    show("middleware, a rule of three plain guards", found, "three bare calls")


def publishing(bus: EventBus, rounds: int) -> None:
    bare = EventBus()
    for one in (bus, bare):
        one.subscribe("*", lambda event: None)
    named = Event(type="order.placed", payload={"user_id": "7"})
    other = Event(type="item.sold", payload={"user_id": "7"})
    with as_principal(SOMEBODY):
        found = best(
            {
                "without the plugin": lambda: bare.publish_sync(named),
                "guarded by three guards": lambda: bus.publish_sync(named),
                "a type that no rule names": lambda: bus.publish_sync(other),
                "the same without the plugin": lambda: bare.publish_sync(other),
            },
            5_000,
            rounds,
        )
    show("publish_sync to one handler", found, "without the plugin")
    bare.stop_sync()


def casbin(folder: Path, rounds: int) -> None:
    (folder / "model.conf").write_text(MODEL)
    for size in (10, 100, 1_000):
        lines = [f"p, role{number % 10}, data{number}, read\n" for number in range(size)]
        lines += [f"g, user{number}, role{number % 10}\n" for number in range(size)]
        (folder / "policy.csv").write_text("".join(lines))
        decisions(folder, ("user5", f"data{size - 5}", "read"), size, rounds)


def decisions(folder: Path, request: tuple[str, ...], size: int, rounds: int) -> None:
    policy, fresh = (CasbinPolicy("main", folder / "model.conf", folder / "policy.csv") for _ in range(2))
    enforcer, known = policy._enforcer, {request: True}

    def anew() -> bool:
        fresh._decided.clear()
        return fresh.enforce(request)

    assert policy.enforce(request) is enforcer.enforce(*request) is True
    number = max(2, 400 // size)
    found = best({"enforcer.enforce": lambda: enforcer.enforce(*request), "a decision": anew}, number, rounds)
    show(f"Casbin, {size} lines of policy and of roles", found, "enforcer.enforce")
    found = best({"dict lookup": lambda: known[request], "repeated": lambda: policy.enforce(request)}, 20_000, rounds)
    show("  asked before", found, "dict lookup")


def main(rounds: int) -> None:
    print(f"Python {platform.python_version()}, {rounds} rounds")
    bus = EventBus.from_config({"plugins": {"guards": {"rules": RULES}}})
    middleware(bus, rounds)
    publishing(bus, rounds)
    bus.stop_sync()
    with tempfile.TemporaryDirectory() as folder:
        casbin(Path(folder), rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
