from __future__ import annotations

import ast
import importlib


def declared(module):
    return getattr(importlib.import_module(module.name), "__all__", None)


def public_modules(modules):
    return [module for module in modules if module.is_public]


def rank(name):
    """Constants, then classes, then the rest, each by name: the order that ruff's RUF022 writes."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)


def defined_in(statements):
    """The public names that statements define; imported ones belong to somebody else, type variables to nobody."""
    for node in statements:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names = [name]
            case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar" | "ParamSpec"))):
                names = []
            case ast.Assign(targets=targets):
                names = [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name)):
                names = [name]
            case ast.If(body=body, orelse=orelse):
                names = [*defined_in(body), *defined_in(orelse)]
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
                blocks = [body, orelse, finalbody, *(handler.body for handler in handlers)]
                names = [name for block in blocks for name in defined_in(block)]
            case _:
                names = []
        yield from (name for name in names if not name.startswith("_"))


def test_every_public_module_has_an_all_tuple(modules):
    without = [module.name for module in public_modules(modules) if not isinstance(declared(module), tuple)]
    assert not without


def test_every_all_tuple_is_sorted_and_names_nothing_twice(modules):
    wrong = {
        module.name: names
        for module in public_modules(modules)
        if (names := declared(module)) is not None and list(names) != sorted(set(names), key=rank)
    }
    assert not wrong


def test_every_name_in_an_all_tuple_exists(modules):
    absent = [
        f"{module.name}.{name}"
        for module in public_modules(modules)
        for name in declared(module) or ()
        if not hasattr(importlib.import_module(module.name), name)
    ]
    assert not absent


def test_every_public_name_that_a_public_module_defines_is_in_its_all_tuple(modules):
    missing = [
        f"{module.name}.{name}"
        for module in public_modules(modules)
        for name in defined_in(ast.parse(module.path.read_text(encoding="utf-8")).body)
        if name not in (declared(module) or ())
    ]
    assert not missing
