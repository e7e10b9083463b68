"""Which plugins are installed: read from the records of the distributions, importing none of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from plugbus._suggest import nearest


if TYPE_CHECKING:
    from collections.abc import Iterator

    from importlib_metadata import EntryPoint

__all__ = (
    "BUILT_IN",
    "FIRST_PARTY",
    "GROUP",
    "Candidate",
    "Candidates",
    "Stray",
    "discover",
    "editable_source",
    "is_plugin_name",
    "normalized",
    "strays",
)

GROUP = "plugbus.plugins"
# Ours, whose distributions are `plugbus-<name>`. For others no `pip install` line is ever guessed.
FIRST_PARTY = ("audit", "cache", "guards", "localization", "notifications")
# Commands of plugbus itself: those of a plugin with such a name cannot be reached as `plugbus NAME`.
BUILT_IN = ("config", "demo", "doctor", "events", "plugins", "publish")

# As the specification of entry points has it: a module, the name of something in it, extras that nobody uses any more.
_VALUE = re.compile(r"[\w.]+\s*(:\s*[\w.]+\s*)?(\[.*\]\s*)?")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


@attrs.frozen
class Candidate:
    """
    One entry point that offers a plugin.

    Args:
        name: The plugin's name.
        value: Where its class is, as `module:attr`.
        project: The distribution's name; None if it has none.
        version: The distribution's version; None if its record does not say.
        well_formed: Whether the value is written as an entry point has to be.
    """

    name: str
    value: str
    project: str | None = None
    version: str | None = None
    well_formed: bool = True
    _load: Callable[[], Any] = attrs.field(kw_only=True, repr=False, eq=False)
    _record: Any = attrs.field(default=None, kw_only=True, repr=False, eq=False)

    @property
    def distribution(self) -> str | None:
        """The distribution and version, as in `plugbus-audit 0.1.0`."""
        if self.project is None:
            return None
        return f"{self.project} {self.version}" if self.version else self.project

    @property
    def requires(self) -> tuple[str, ...]:
        """What the distribution requires, as its record says it: `plugbus<0.2,>=0.1`; nothing if that is unreadable."""
        try:
            return tuple(self._record.requires or ()) if self._record is not None else ()
        except Exception:  # noqa: BLE001  (a broken record may raise anything)
            return ()

    def load(self) -> Any:
        """Import the module and return what the entry point names. Raises whatever the import raises."""
        return self._load()


@attrs.frozen
class Candidates:
    """What discovery has found, by plugin name; more than one where distributions claim the same name."""

    by_name: dict[str, list[Candidate]] = attrs.field(factory=dict)

    @property
    def names(self) -> list[str]:
        """The names, sorted."""
        return sorted(self.by_name)

    def __iter__(self) -> Iterator[Candidate]:
        for name in self.names:
            yield from self.by_name[name]

    def of(self, name: str, distribution: str | None = None) -> list[Candidate]:
        """Return those that claim a name, of one distribution if that is given."""
        found = self.by_name.get(name, [])
        if distribution is None:
            return found
        return [candidate for candidate in found if normalized(candidate.project or "") == normalized(distribution)]


@attrs.frozen
class Stray:
    """An entry point in a group that plugbus does not read, though its name is nearly that of the one it does."""

    name: str
    group: str
    distribution: str | None


def strays() -> list[Stray]:
    """Find the entry points whose group looks like `plugbus.plugins` and is not; they offer plugins to nobody."""
    from plugbus.plugins import _metadata

    found = []
    near: dict[str, bool] = {GROUP: False}
    for entry_point in _metadata.all_entry_points():
        group = entry_point.group
        if group not in near:
            near[group] = nearest(group, [GROUP], likeness=0.85) is not None
        if near[group]:
            project, version = _identity(entry_point)
            found.append(Stray(entry_point.name, group, f"{project} {version}" if project and version else project))
    return found


def is_plugin_name(name: str) -> bool:
    """Tell whether a name can be a plugin's: lower case words and digits, joined by single underscores."""
    return _NAME.fullmatch(name) is not None


def normalized(project: str) -> str:
    """Write a distribution's name in the one form in which names are compared."""
    return re.sub(r"[-_.]+", "-", project).lower()


def discover() -> Candidates:
    """Find the installed plugins. Imports none of them; the order of `sys.path` does not matter."""
    from plugbus.plugins import _metadata

    found: dict[tuple[str, str], Candidate] = {}
    for entry_point in _metadata.entry_points(GROUP):
        project, version = _identity(entry_point)
        # The same distribution may be on sys.path twice; the first is the one that an import would take.
        key = (entry_point.name, normalized(project or entry_point.value))
        found.setdefault(
            key,
            Candidate(
                entry_point.name,
                entry_point.value,
                project,
                version,
                _VALUE.fullmatch(entry_point.value) is not None,
                load=entry_point.load,
                record=entry_point.dist,
            ),
        )
    candidates = Candidates()
    for _, candidate in sorted(found.items()):
        candidates.by_name.setdefault(candidate.name, []).append(candidate)
    return candidates


def editable_source(project: str) -> str | None:
    """Return the address of the folder that a distribution is installed from in place, None if it is not."""
    from plugbus.plugins import _metadata

    return _metadata.editable_source(project)


def _identity(entry_point: EntryPoint) -> tuple[str | None, str | None]:
    if entry_point.dist is None:
        return None, None
    try:
        record = entry_point.dist.metadata  # read once: that is most of what discovery costs above the scan
        return record.get("Name"), record.get("Version") or None
    except Exception:  # noqa: BLE001  (a broken record may raise anything)
        return None, None
