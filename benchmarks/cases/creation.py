"""What making an event costs."""

from __future__ import annotations

import attrs

from cases.events import ARGUMENTS, OrderPlaced, Plain, SameWithoutBase
from harness.case import Setting, Variant, limits, row
from harness.outcome import OWN, Table
from harness.rounds import Sample, take_turns
from harness.statement import timed
from peers import Cannot


@attrs.frozen
class Creation:
    """Against a class of attrs with the same fields, and against a plain class."""

    name: str = "creation"
    title: str = "creating a typed event of 5 fields"

    def measure(self, setting: Setting) -> Table:
        """Time it."""

        def sample(cls: object) -> Sample:
            return Sample(timed(f"cls({ARGUMENTS})", cls=cls), setting.loop)

        created, cannot = {}, {}
        for peer in setting.peers:
            try:
                created[peer.name] = Sample(peer.created(), setting.loop)
            except Cannot as reason:
                cannot[peer.name] = str(reason)
        against_attrs = {"raw": sample(SameWithoutBase), OWN: sample(OrderPlaced)}
        against_plain = {"raw": sample(Plain), OWN: sample(OrderPlaced), **created}
        take_turns([tuple(against_attrs.values()), tuple(against_plain.values())], setting.rounds, setting.sample)
        rows = [
            row(Variant("against the same attrs.frozen class", 0, limits((1.3, 1.0))), against_attrs, {}),
            row(Variant("against a plain class", 0, limits((4, 1.9))), against_plain, cannot),
        ]
        return Table(self.name, self.title, "the same class without our base; a plain class", rows)


CASES = (Creation(),)
