"""Policies by Casbin: its files as they are, its answers, and a memory for those that cannot change."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from plugbus.errors import DefinitionError
from plugbus_guards.locking import ForkLock
from plugbus_guards.policies.files import FilePolicy


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


__all__ = ("CasbinPolicy",)

# How many decisions are remembered.
_REMEMBERED = 10_000


class CasbinPolicy(FilePolicy):
    """
    A model and a policy of Casbin.

    Decisions on requests of plain texts are remembered, if the matcher calls nothing but Casbin's own functions. Every
    change forgets them.

    Args:
        name: Its name.
        model: The file with the model.
        policy: The file with the policy.

    Raises:
        DefinitionError: If one of them cannot be read, or is none.
    """

    def __init__(self, name: str, model: Path, policy: Path) -> None:
        self._model = model
        self._policy = policy
        self._lock = ForkLock()
        self._decided: dict[tuple[Any, ...], bool] = {}
        self._functions: dict[str, Callable[..., Any]] = {}
        self._enforcer: Any = None
        super().__init__(name, (model, policy))

    def enforce(self, request: tuple[Any, ...]) -> bool:
        """Return whether the policy allows a request, in the order of the model's `request_definition`."""
        try:
            return self._decided[request]
        except (KeyError, TypeError):  # not asked yet, or nothing that can be remembered
            pass
        decided, enforcer = self._decided, self._enforcer
        allowed = enforcer.enforce(*request) is True
        if decided is not _NOTHING and all(type(part) is str for part in request):
            if len(decided) >= _REMEMBERED:
                decided.clear()
            # Of an enforcer that has been changed meanwhile nobody will read it: a change makes a new memory.
            decided[request] = allowed
        return allowed

    @property
    def size(self) -> int:
        """The number of elements that a request has."""
        size: int = len(self._enforcer.model["r"]["r"].tokens)
        return size

    def add_function(self, name: str, function: Callable[..., Any]) -> None:
        """
        Let the matcher call a function of the application's. Nothing is remembered any more.

        Args:
            name: The name in the matcher.
            function: Called with the arguments that stand there.
        """
        with self._lock.held:
            self._functions[name] = function
            self._enforcer.add_function(name, function)
            self._decided = _NOTHING

    @contextmanager
    def edit(self) -> Iterator[Any]:
        """
        Change the policy in memory: `with policy.edit() as enforcer: enforcer.add_role_for_user("ada", "admin")`.

        What is changed holds from the end of the block on, until the files change. It is not written to them.

        Returns:
            A block that gives a `casbin.Enforcer`, a copy that takes the place of the one in use if the block succeeds.
        """
        with self._lock.held:
            changed = self._made()
            _copy_policy(self._enforcer, changed)
            yield changed
            self._swap(changed)

    def _read(self) -> None:
        made = self._made(read=True)
        with self._lock.held:
            self._swap(made)

    def _swap(self, enforcer: Any) -> None:
        # In this order: whoever sees the new memory sees the new enforcer.
        self._enforcer = enforcer
        self._decided = _NOTHING if self._functions or not _is_plain(enforcer) else {}

    def _made(self, *, read: bool = False) -> Any:
        import casbin
        from casbin.persist.adapters import FileAdapter

        try:
            text = self._model.read_text(encoding="utf-8")
            if read:
                self._policy.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DefinitionError(f"policy {self.name} cannot be read: {error}") from None
        try:
            model = casbin.Enforcer.new_model(text=text)
            adapter = FileAdapter(str(self._policy)) if read else None
            enforcer = casbin.Enforcer(model, adapter)
            enforcer.enable_auto_save(auto_save=False)
            for name, function in self._functions.items():
                enforcer.add_function(name, function)
            _check(enforcer)
        except DefinitionError:
            raise
        except Exception as error:  # noqa: BLE001  (casbin raises what its parts raise)
            raise DefinitionError(f"policy {self.name} is none of Casbin: {type(error).__name__}: {error}") from None
        return enforcer


class _Nothing(dict[Any, Any]):
    """A memory that keeps nothing."""

    def __setitem__(self, key: Any, value: Any) -> None:
        pass


_NOTHING = _Nothing()

# The functions that Casbin brings along; they depend on their arguments alone.
_CASBIN_FUNCTIONS = frozenset(
    {"keyMatch", "keyMatch2", "keyMatch3", "keyMatch4", "keyMatch5", "keyGet", "keyGet2", "keyGet3"}
    | {"regexMatch", "ipMatch", "globMatch"}
    | {"key_match", "key_match2", "key_match3", "key_match4", "key_match5", "key_get", "key_get2", "key_get3"}
    | {"regex_match", "ip_match", "glob_match"}
)


def _is_plain(enforcer: Any) -> bool:
    """Tell whether the answer to a request of texts depends on the texts and the policy alone."""
    import re

    matcher = enforcer.model["m"]["m"].value
    roles = set(enforcer.model.model.get("g", {}))
    called = set(re.findall(r"([A-Za-z_][A-Za-z0-9_.]*)\s*\(", matcher))
    return called <= _CASBIN_FUNCTIONS | roles and not _has_conditions(enforcer)


def _has_conditions(enforcer: Any) -> bool:
    """Tell whether roles hold under conditions, on the time of day say."""
    return bool(getattr(enforcer, "cond_rm_map", None))


def _check(enforcer: Any) -> None:
    sections = enforcer.model.model
    for section in ("r", "p", "e", "m"):
        if section not in sections:
            raise DefinitionError(f"the model has no section for {section!r}")
    for assertion in sections["p"].values():
        wanted = len(assertion.tokens)
        for line in assertion.policy:
            if len(line) < wanted:
                raise DefinitionError(f"the line {', '.join(line)} of the policy has {len(line)} of {wanted} parts")


def _copy_policy(old: Any, new: Any) -> None:
    for section in ("p", "g"):
        for key, assertion in old.model.model.get(section, {}).items():
            for line in assertion.policy:
                new.model.add_policy(section, key, list(line))
    new.build_role_links()
