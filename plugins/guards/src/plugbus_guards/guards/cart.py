"""A cart that can be ordered."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from plugbus.plugins import option
from plugbus_guards.decision import ALLOW, Decision, Deny
from plugbus_guards.fields import MISSING, field_of, inner
from plugbus_guards.guard import Guard
from plugbus_guards.money import amount_of


if TYPE_CHECKING:
    from plugbus_guards.context import GuardContext
    from plugbus_guards.principal import Principal
    from plugbus_guards.surroundings import Surroundings

__all__ = ("CartGuard",)


def _amount(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if value is not None and amount_of(value) is None:
        raise ValueError(f"{attribute.name} is an amount, got {value!r}")


@attrs.frozen
class CartGuard(Guard):
    """
    The cart of the event can be ordered: its total is within limits, in the right currency, and there is enough of it.

    Items are tables with `product_id` and `quantity`. How much there is the resolver `stock` tells: a table from the
    ids of products to numbers; a product that it does not name is out of stock. `discounts` tells whether the discount
    code holds: what it returns has to be true.
    """

    name: ClassVar[str] = "cart"

    total: str = option("total", help="the field with the total")
    items: str = option("items", help="the field with the items")
    minimum: int | float | str | None = option(None, help="the lowest total", validator=_amount)
    maximum: int | float | str | None = option(None, help="the highest total", validator=_amount)
    currency: str | None = option(None, help="the currency that the cart has to be in")
    currency_field: str = option("currency", help="the field with the currency")
    stock: str | None = option(None, help="who tells how much there is: `module:function` of principal and event")
    discounts: str | None = option(None, help="who tells whether a discount code holds: `module:function`")
    discount_field: str = option("discount_code", help="the field with the discount code")

    def check(self, event: Any, principal: Principal, context: GuardContext) -> Decision | Awaitable[Decision]:
        wanted = self._quantities(event)
        if isinstance(wanted, Deny):
            return wanted
        denied = self._total(event)
        if denied is not None:
            return denied
        return self._ask(wanted, event, principal, context)

    def asks(self) -> bool:
        return self.stock is not None or self.discounts is not None

    def prepare(self, surroundings: Surroundings) -> None:
        for name in filter(None, (self.stock, self.discounts)):
            surroundings.resolver(name)

    def is_async(self, surroundings: Surroundings) -> bool:
        return any(surroundings.is_async(name) for name in (self.stock, self.discounts) if name is not None)

    def _total(self, event: Any) -> Deny | None:
        if self.currency is not None and field_of(event, self.currency_field) != self.currency:
            return Deny(f"the cart is not in {self.currency}", "cart_invalid")
        if self.minimum is None and self.maximum is None:
            return None
        total = amount_of(field_of(event, self.total))
        if total is None:
            return Deny(f"the cart has no total in {self.total}", "validation_failed")
        lowest, highest = amount_of(self.minimum), amount_of(self.maximum)
        if lowest is not None and total < lowest:
            return Deny(f"the total is {total}, at least {lowest} is wanted", "cart_invalid")
        if highest is not None and total > highest:
            return Deny(f"the total is {total}, at most {highest} is allowed", "cart_invalid")
        return None

    def _quantities(self, event: Any) -> dict[str, int] | Deny:
        items = field_of(event, self.items)
        if items is MISSING and self.stock is None:
            return {}
        if not isinstance(items, Iterable) or isinstance(items, str | bytes | Mapping):
            return Deny(f"the cart has no items in {self.items}", "validation_failed")
        wanted: dict[str, int] = {}
        for item in items:
            product, quantity = (inner(item, name) for name in ("product_id", "quantity"))
            if product in (MISSING, None, "") or type(quantity) is not int or quantity < 1:
                return Deny("an item has no product_id, or no quantity of at least 1", "validation_failed")
            wanted[str(product)] = wanted.get(str(product), 0) + quantity
        return wanted or Deny("the cart is empty", "cart_invalid")

    def _ask(
        self, wanted: dict[str, int], event: Any, principal: Principal, context: GuardContext
    ) -> Decision | Awaitable[Decision]:
        stock = context.ask(self.stock, principal, event) if self.stock is not None else None
        code = field_of(event, self.discount_field)
        has_code = self.discounts is not None and code not in (MISSING, None, "")
        holds = context.ask(self.discounts, principal, event) if self.discounts is not None and has_code else True
        if isawaitable(stock) or isawaitable(holds):
            return self._later(wanted, stock, holds)
        return self._told(wanted, stock, holds)

    async def _later(self, wanted: dict[str, int], stock: Any, holds: Any) -> Decision:
        stock = await stock if isawaitable(stock) else stock
        holds = await holds if isawaitable(holds) else holds
        return self._told(wanted, stock, holds)

    def _told(self, wanted: dict[str, int], stock: Any, holds: Any) -> Decision:
        if self.stock is not None:
            if not isinstance(stock, Mapping):
                return Deny("how much there is is no table", "product_out_of_stock")
            there = {str(product): count for product, count in stock.items()}
            for product, count in wanted.items():
                left = there.get(product, 0)
                if isinstance(left, bool) or not isinstance(left, int | float) or not left >= count:
                    return Deny(f"there is not enough of product {product}", "product_out_of_stock")
        if holds is MISSING or not holds:
            return Deny("the discount code does not hold", "invalid_discount_code")
        return ALLOW
