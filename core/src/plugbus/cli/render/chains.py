"""The way of events through a bus, and the reason for each place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import attrs

from plugbus.cli.render.page import Page


if TYPE_CHECKING:
    from plugbus.doctor import Chain, Link

__all__ = ("show_chains",)


def show_chains(chains: Sequence[Chain]) -> None:
    """Write the way of each type; types that go the same way are written together."""
    page = Page()
    for number, (titles, chain) in enumerate(_together(chains)):
        if number:
            page.blank()
        page.line((", ".join(titles), "bold"))
        _show(page, chain)


def _together(chains: Iterable[Chain]) -> Iterable[tuple[list[str], Chain]]:
    found: dict[Chain, list[str]] = {}
    for chain in chains:
        way = attrs.evolve(chain, type="", version=0, cls=None)
        title = f"{chain.type} (version {chain.version})" if chain.version > 1 else chain.type
        found.setdefault(way, []).append(title)
    return [(titles, way) for way, titles in found.items()]


def _show(page: Page, chain: Chain) -> None:
    _section(page, "middleware", chain.middleware)
    if chain.left_out:
        names = ", ".join(link.name for link in chain.left_out)
        page.line("middleware that does not want this type: ", names, indent=2)
    _section(page, "interceptors, the outermost first", chain.interceptors)
    for number, stage in enumerate(chain.stages, 1):
        stages = f"handlers, stage {number} of {len(chain.stages)}" if len(chain.stages) > 1 else "handlers"
        for how, links in _parts(chain, stage):
            _section(page, f"{stages}, {how}", links)
    if chain.problem is not None:
        page.line(("handlers have no order: ", "bold red"), chain.problem, indent=2)
    elif not chain.stages:
        page.line("no handler", indent=2)


def _parts(chain: Chain, stage: Sequence[Link]) -> Iterator[tuple[str, list[Link]]]:
    """Divide a stage into the handlers that are called and those that are awaited."""
    awaited = [link for link in stage if link.is_async]
    yield "called in this order", [link for link in stage if not link.is_async]
    in_turn = chain.sequential or len(awaited) == 1
    yield ("awaited in this order" if in_turn else "started in this order and awaited together"), awaited


def _section(page: Page, title: str, links: Sequence[Link]) -> None:
    if not links:
        return
    page.line((title, "dim"), indent=2)
    for number, link in enumerate(links, 1):
        plugin = f", plugin {link.plugin}" if link.plugin else ""
        page.line(f"{number}. ", (link.name, "bold"), f"  ({link.place}{plugin})", indent=4)
        for reason in link.reasons:
            page.line(reason, indent=7)
