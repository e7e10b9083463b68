"""Plans written by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from cases.events import EVENT
from plugbus._groups import current_task


# What a publish does before it reaches its plan: a method that looks it up by the class of the event.
PUBLISH = """
class Bus:
    def __init__(self, plan):
        self.plans = {type(EVENT): plan}
    def publish(self, event):
        return self.plans[event.__class__](event)
"""


ISOLATED = """\
        try:
            r0 = await h0(event)
        except Exception as error:
            r0 = fail(0, event, error)
        except CancelledError as error:
            r0 = fail(0, event, error)
"""


class Values:
    """What stands for a result with values: an object with five slots."""

    __slots__ = ("blocked_by", "deferred", "failures", "handlers", "values")


def fail(index: int, event: object, error: BaseException) -> None:
    raise error


def built(source: str, handlers: list[Callable[..., Any]], name: str = "plan") -> Callable[..., Any]:
    scope: dict[str, Any] = {f"h{number}": handler for number, handler in enumerate(handlers)}
    scope |= {"EVENT": EVENT, "CancelledError": asyncio.CancelledError, "fail": fail, "OK": object(), "Values": Values}
    scope |= {"current_task": current_task, "plain": {(int,) * len(handlers): tuple}}
    exec(source, scope)  # noqa: S102  (written in this file)
    return scope[name]


def unrolled(count: int, *, kind: str = "def", test: bool, isolate: bool, values: str = "") -> str:
    """Return a plan that calls its handlers one after the other."""
    lines = [f"{kind} plan(event):"]
    for number in range(count):
        if isolate:
            lines += ["    try:", f"        r{number} = h{number}(event)"]
            lines += [
                "    except (Exception, CancelledError) as error:",
                f"        r{number} = fail({number}, event, error)",
            ]
        else:
            lines.append(f"    r{number} = h{number}(event)" if test or values else f"    h{number}(event)")
    if test:
        lines.append(f"    if {' and '.join(f'r{number} is None' for number in range(count))}:")
        lines.append("        return OK")
    if values:
        listed = ", ".join(f"r{number}" for number in range(count))
        types = ", ".join(f"type(r{number})" for number in range(count))
        lines += [line.format(listed=listed, types=types) for line in values.splitlines()]
    return "\n".join(lines) + "\n"
