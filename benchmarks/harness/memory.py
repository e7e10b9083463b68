"""How much memory objects take."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterable


def bytes_each(make: Callable[[int], object], count: int) -> float:
    """
    Return the bytes that each of so many objects takes.

    Args:
        make: Makes the object of a number; what it returns is kept.
        count: How many.
    """
    kept: list[object] = [None] * count
    make(count)  # what is made only once does not count
    return _growth(lambda: _fill(kept, make, range(count))) / count


def _fill(kept: list[object], make: Callable[[int], object], numbers: Iterable[int]) -> None:
    for number in numbers:
        kept[number] = make(number)


def _growth(run: Callable[[], object]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        run()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before
