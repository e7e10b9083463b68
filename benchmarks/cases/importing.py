"""What importing costs a fresh interpreter."""

from __future__ import annotations

from statistics import median

import attrs

from harness.case import Setting
from harness.fresh import Import, imported
from harness.outcome import OWN, Figure, Row, Table


BASE = "asyncio"


@attrs.frozen
class Importing:
    """Beside the import of asyncio, which plugbus needs."""

    name: str = "importing"
    title: str = "the import, in a fresh interpreter"

    def measure(self, setting: Setting) -> Table:
        """Measure it."""
        modules = {"raw": BASE, OWN: "plugbus", **{peer.name: peer.module for peer in setting.peers}}
        taken: dict[str, list[Import]] = {name: [] for name in modules}
        for _ in range(2 if setting.quick else max(3, setting.rounds // 6)):
            for name, module in modules.items():
                taken[name].append(imported(module))
        times = {name: sorted(one.milliseconds for one in all) for name, all in taken.items()}
        figures = {
            name: Figure(ordered[0] / times["raw"][0], ordered[0], median(ordered)) for name, ordered in times.items()
        }
        numbers = {name: Figure(float(all[0].modules)) for name, all in taken.items() if name != "raw"}
        rows = [
            Row("time", figures, figures.pop("raw"), unit="ms"),
            Row("modules loaded", numbers, unit="modules"),
        ]
        return Table(self.name, self.title, f"import {BASE}; modules are counted, {BASE} and its own included", rows)


CASES = (Importing(),)
