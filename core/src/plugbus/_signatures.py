"""
What can be told of a callable without calling it.

A handler that could not be called, would do nothing, or would get the wrong events, is refused at subscription.
"""

from __future__ import annotations

import functools
import inspect
import types
import typing
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from plugbus._kinds import kind_of
from plugbus._names import parse_pattern
from plugbus.errors import InvalidHandler
from plugbus.events import Event, EventBase


if TYPE_CHECKING:
    from plugbus.handlers import Subscription

__all__ = ("check_arguments", "check_handler", "warn_without_return")

_FUNCTIONS = (types.FunctionType, types.MethodType)


def check_handler(subscription: Subscription) -> None:
    """
    Check a subscription's handler against what it listens to and against its options.

    Raises:
        InvalidHandler: If it takes no event, needs more than one argument, yields, is annotated with a class that does
            not fit, or has an option of the other kind of handler.
    """
    name, call, options = subscription.name, subscription.call, subscription.options
    check_arguments(call, f"handler {name}", ("event",))
    if _yields(call):
        raise InvalidHandler(f"handler {name} yields, so calling it does nothing: write it without `yield`")
    if subscription.is_async and options.in_thread:
        raise InvalidHandler(f"handler {name} is async: in_thread is for sync handlers")
    if not subscription.is_async and options.loop == "bus":
        raise InvalidHandler(f"handler {name} is sync: loop='bus' is for async handlers")
    if not subscription.is_async and options.timeout is not None and not options.in_thread:
        raise InvalidHandler(f"handler {name} is sync: a call in place cannot be timed out; add in_thread=True")
    if options.when is not None:
        check_arguments(options.when, f"when= of handler {name}", ("event",))
    expected = _annotation(call)
    if expected is not None:
        for what in subscription.what:
            if not _fits(what, expected):
                wanted = what if isinstance(what, str) else what.__name__
                raise InvalidHandler(
                    f"handler {name} takes {_named(expected)}, but is subscribed to {wanted}; "
                    f"change the annotation or the subscription"
                )


def check_arguments(call: Any, what: str, given: tuple[str, ...]) -> None:
    """
    Check that a callable takes as many positional arguments as it will be given.

    Of a decorated function it is the decorator's that counts: it may add arguments of its own.

    Raises:
        InvalidHandler: If it takes fewer, or requires more.
    """
    if _plainly_takes(call, len(given)):
        return
    signature = _signature(call, follow_wrapped=False)
    if signature is None:
        return
    try:
        signature.bind(*given)
    except TypeError as error:
        raise InvalidHandler(
            f"{what}{signature} must be callable with {len(given)} argument{'s' * (len(given) != 1)} "
            f"({', '.join(given)}): {error}"
        ) from None


def _plainly_takes(call: Any, number: int) -> bool:
    """Tell whether a function takes so many positional arguments, as far as that can be seen at a glance."""
    function = call.__func__ if type(call) is types.MethodType else call
    if type(function) is not types.FunctionType or getattr(function, "__signature__", None) is not None:
        return False
    code, bound = function.__code__, type(call) is types.MethodType
    most = code.co_argcount - bound
    return not code.co_kwonlyargcount and most - len(function.__defaults__ or ()) <= number <= most


def _signature(call: Any, *, follow_wrapped: bool) -> inspect.Signature | None:
    try:
        return inspect.signature(call, follow_wrapped=follow_wrapped)
    except (TypeError, ValueError):
        return None  # some builtins do not tell


def _code(call: Any) -> Any:
    """Return the function or method that runs when something is called, seen through partials and callable objects."""
    while isinstance(call, functools.partial):
        call = call.func
    # By its type: a mock may pose as a function.
    return call if issubclass(type(call), _FUNCTIONS) else getattr(type(call), "__call__", None)  # noqa: B004


def _function(call: Any) -> types.FunctionType | None:
    """Return the function that was written, seen through decorators too."""
    function = inspect.unwrap(_code(call))
    function = getattr(function, "__func__", function)
    return function if isinstance(function, types.FunctionType) else None


def _yields(call: Any) -> bool:
    code = _code(call)
    if inspect.isasyncgenfunction(code):
        return True
    # types.coroutine makes a generator that can be awaited.
    return inspect.isgeneratorfunction(code) and not code.__code__.co_flags & inspect.CO_ITERABLE_COROUTINE


def _annotation(call: Any) -> tuple[type, ...] | None:
    """Return the classes that the argument for the event is annotated with, None if that cannot be known."""
    function = _function(call)
    if function is None or not function.__annotations__:
        return None
    signature = _signature(call, follow_wrapped=True)
    if signature is None:
        return None
    try:
        (name,) = signature.bind("event").arguments
    except (TypeError, ValueError):
        return None  # what is decorated takes more than the event
    hint = signature.parameters[name].annotation
    if signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL or hint is inspect.Parameter.empty:
        return None
    holder = types.SimpleNamespace(__annotations__={name: hint})
    try:
        hint = typing.get_type_hints(holder, function.__globals__)[name]
    except Exception:  # noqa: BLE001  (an annotation may name what is imported for type checkers only)
        return None
    members = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    return members if all(map(_is_plain_class, members)) else None


def _is_plain_class(hint: Any) -> bool:
    return isinstance(hint, type) and hint is not Any and not getattr(hint, "_is_protocol", False)


def _fits(what: str | type, expected: tuple[type, ...]) -> bool:
    if isinstance(what, type):
        return issubclass(what, expected)
    pattern = parse_pattern(what)
    for cls in expected:
        if not issubclass(cls, EventBase) or cls in (Event, EventBase):
            return True
        kind = cls.__dict__.get("__event_kind__")
        if kind is None or pattern.matches(kind_of(cls).type):
            return True
    return False


def _named(classes: tuple[type, ...]) -> str:
    return " | ".join(cls.__name__ for cls in classes)


# Functions that have been looked at; what is told of one is told once.
_seen: WeakSet[types.FunctionType] = WeakSet()


def warn_without_return(name: str, call: Any) -> None:
    """Warn, once, of a middleware that blocks everything because its author forgot to return the event."""
    function = _function(call)
    if function is None or function in _seen:
        return
    _seen.add(function)
    if not _returns(function):
        import warnings

        warnings.warn(
            f"middleware {name} has no return, so it blocks every event: return the event to let it pass",
            RuntimeWarning,
            stacklevel=2,
        )


def _returns(function: types.FunctionType) -> bool:
    """Tell whether a function has a `return` of its own, as far as its source can be seen."""
    import ast
    import textwrap

    try:
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return True
    if not isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        return True  # a lambda
    nodes: list[ast.AST] = [*definition.body]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Return):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            nodes += ast.iter_child_nodes(node)
    return False
