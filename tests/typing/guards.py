"""What users write with guards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_type

import attrs

from plugbus import Event, EventBase, EventBus, event
from plugbus.plugins import option
from plugbus_guards import (
    ALLOW,
    Decision,
    Deny,
    Guard,
    GuardContext,
    Guards,
    Principal,
    all_of,
    any_of,
    as_principal,
    as_system,
    guarded,
    not_,
    requires,
)
from plugbus_guards.errors import AccessDenied, RateLimited


@event("note.deleted")
class NoteDeleted(EventBase):
    note_id: int


@attrs.frozen
class Quiet(Guard):
    since: int = option(22, help="the hour from which on it is quiet")

    def check(self, event: Any, principal: Principal, context: GuardContext) -> Decision:
        return Deny("it is late") if context.now().hour >= self.since else ALLOW


class Known(Guard):
    async def check(self, event: Any, principal: Principal, context: GuardContext) -> Decision:
        return ALLOW if principal.is_known else Deny("who are you?", "authentication_required")


bus = EventBus()


@bus.on(NoteDeleted)
@guarded("authenticated", any_of(Quiet(since=23), not_("admin")))
async def forget(event: NoteDeleted) -> None: ...


@requires(all_of(Known(), Quiet()))
async def delete(note_id: int) -> str:
    return str(note_id)


@requires("admin")
def count(first: int, *, last: int = 3) -> int:
    return first + last


async def use(guards: Guards) -> None:
    assert_type(await delete(1), str)
    assert_type(count(1, last=2), int)
    count("1")  # E: incompatible type "str"; expected "int"
    with as_principal(Principal(id="7", roles=["admin"], claims={"a": [1]})) as principal:
        assert_type(principal, Principal)
    with as_principal("7"):  # E: incompatible type "str"; expected "Principal"
        pass
    with as_system("nightly") as system:
        assert_type(system.is_system, bool)
    assert_type(await guards.authenticate("token"), Principal)
    explained = await guards.explain(Event(type="note.deleted", payload={}), Principal(id="7"))
    assert_type(explained.allowed, bool)
    try:
        await guards.authorize(NoteDeleted(note_id=1))
    except RateLimited as denied:
        assert_type(denied.retry_after, float)
    except AccessDenied as denied:
        assert_type(denied.status, int)
        answer: Mapping[str, Any] = denied.problem()
        print(answer, denied.headers())


asked: Guards = bus.service(Guards)
