"""What users write when they define events."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar, assert_type

import attrs

from plugbus import Envelope, Event, EventBase, EventType, envelope, event, name_event, secret


T = TypeVar("T")


@event("user.registered")
class UserRegistered(EventBase):
    user_id: int
    email: str = secret()
    nickname: str | None = None
    roles: tuple[str, ...] = ()
    notes: list[str] = attrs.field(factory=list)
    pin: int = secret(default=0)
    tokens: list[str] = secret(factory=list)
    age: int = attrs.field(default=0, validator=attrs.validators.ge(0), converter=int)


class OfOrders(EventBase):
    order_id: int


@event("order.placed", version=2, sequential=True)
class OrderPlaced(OfOrders):
    total: float = 0.0

    def is_large(self) -> bool:
        return self.total > 1000


@event("box.filled")
class BoxFilled(EventBase, Generic[T]):
    content: T


# Fields are keywords, with the types that they were annotated with.
registered = UserRegistered(user_id=1, email="a@example.org")
assert_type(registered, UserRegistered)
assert_type(registered.user_id, int)
assert_type(registered.nickname, str | None)
assert_type(registered.tokens, list[str])
UserRegistered(user_id=1, email="", nickname="Ann", roles=("admin",), notes=[], pin=1, tokens=["t"], age=3)
UserRegistered(user_id=1)  # E: Missing named argument "email"
UserRegistered(email="")  # E: Missing named argument "user_id"
UserRegistered(1, email="")  # E: Too many positional arguments
UserRegistered(user_id="1", email="")  # E: incompatible type "str"; expected "int"
UserRegistered(user_id=1, email="", color="red")  # E: Unexpected keyword argument "color"

# They are frozen.
registered.user_id = 2  # E: is read-only
registered.notes.append("a list is still a list")

# A base gives its fields, and methods are methods.
assert_type(OrderPlaced(order_id=1).order_id, int)
assert_type(OrderPlaced(order_id=1, total=5.0).is_large(), bool)
OrderPlaced(total=5.0)  # E: Missing named argument "order_id"

# A generic class knows its parameter.
assert_type(BoxFilled(content=1).content, int)
assert_type(BoxFilled[str](content="a").content, str)
BoxFilled[str](content=1)  # E: incompatible type "int"; expected "str"

# What every event can do keeps its type.
assert_type(registered.replace(email="b"), UserRegistered)
assert_type(attrs.asdict(registered), dict[str, Any])
attrs.fields(UserRegistered)
assert_type(registered.to_dict(), dict[str, Any])
assert_type(registered.envelope, Envelope)
assert_type(envelope(registered).timestamp, datetime)
assert_type(envelope(object()).correlation_id, str)
registered.envelope.id = "other"  # E: is read-only
print(registered.envelop)  # E: has no attribute "envelop"

# An event can be taken apart.
match registered:
    case UserRegistered(user_id=number, email=address):
        assert_type(number, int)
        assert_type(address, str)

# The decorator takes a name and a version, and classes of events only.
event("user.renamed", version="2")  # E: incompatible type "str"; expected "int"
event("user.renamed", sequence=True)  # E: Unexpected keyword argument "sequence"


@event("user.plain")
class Plain:  # E: Value of type variable "E"
    user_id: int


name_event(Plain, "user.plain")
name_event(Plain(), "user.plain")  # E: incompatible type "Plain"

# The generic event.
login = Event(type=EventType.USER_LOGIN, payload={"user_id": 1}, source="auth", correlation_id=None)
assert_type(login.payload["user_id"], Any)
assert_type(login.id, str)
assert_type(login.source, str | None)
assert_type(login.timestamp, datetime)
assert_type(login.replace(payload={}), Event)
Event("user.login")  # E: Too many positional arguments
Event(type=5)  # E: incompatible type "int"; expected "str"
Event(type="user.login", payload=[1])  # E: incompatible type
login.payload["user_id"] = 2  # E: Unsupported target for indexed assignment
login.type = "user.logout"  # E: is read-only
