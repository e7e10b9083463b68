"""The events that are published: typed ones, made once."""

from __future__ import annotations

from typing import Any

import attrs

from plugbus import EventBase, EventBus, event


@event("benchmark.run")
class BenchmarkRun(EventBase):
    number: int


EVENT = BenchmarkRun(number=1)


@event("benchmark.order.placed")
class OrderPlaced(EventBase):
    order_id: int
    customer: str
    amount: float
    currency: str
    items: tuple[str, ...]


@attrs.frozen(kw_only=True)
class SameWithoutBase:
    order_id: int
    customer: str
    amount: float
    currency: str
    items: tuple[str, ...]


class Plain:
    def __init__(self, *, order_id: int, customer: str, amount: float, currency: str, items: tuple[str, ...]) -> None:
        self.order_id = order_id
        self.customer = customer
        self.amount = amount
        self.currency = currency
        self.items = items


FIELDS: dict[str, Any] = {
    "order_id": 1,
    "customer": "ann",
    "amount": 9.5,
    "currency": "EUR",
    "items": ("pen", "ink"),
}
# The same as source code, so that a call in a timed statement is one that a user would write.
ARGUMENTS = "order_id=1, customer='ann', amount=9.5, currency='EUR', items=('pen', 'ink')"


def bus_with(*handlers: Any, correlation: bool, sequential: bool = False) -> EventBus:
    bus = EventBus(correlation=correlation, sequential=sequential)
    for handler in handlers:
        bus.subscribe(BenchmarkRun, handler)
    return bus
