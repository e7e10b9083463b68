"""The floors of core: a module imports from its own floor and those below it, at its top and lazily."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter

import pytest


# From the ground up. A package stands for all its modules.
FLOORS = (
    ("plugbus.errors", "plugbus._suggest", "plugbus._version"),
    ("plugbus._default", "plugbus._names"),
    ("plugbus._envelope", "plugbus._kinds", "plugbus._underway", "plugbus._escape", "plugbus._shape"),
    ("plugbus._runner",),
    ("plugbus._plain", "plugbus._rebuild"),
    ("plugbus.events",),
    ("plugbus.codec", "plugbus._own", "plugbus._signatures"),
    ("plugbus.handlers",),
    ("plugbus._registry",),
    ("plugbus.authority", "plugbus.catalog", "plugbus.middleware", "plugbus.result"),
    ("plugbus.logger", "plugbus.redaction", "plugbus.writing"),
    ("plugbus.sqlite",),
    ("plugbus._call", "plugbus._order", "plugbus._threads", "plugbus._reports", "plugbus._groups"),
    ("plugbus._desk", "plugbus._source", "plugbus._plan"),
    ("plugbus._compile", "plugbus.dispatcher", "plugbus._contributions"),
    ("plugbus._loops", "plugbus._tasks", "plugbus._exit"),
    ("plugbus._engine", "plugbus._lifespans", "plugbus._stop"),
    ("plugbus._deferred", "plugbus._many", "plugbus._streams"),
    ("plugbus._registering", "plugbus._publishing"),
    ("plugbus.config",),
    ("plugbus.hookspecs",),
    ("plugbus.plugins",),
    ("plugbus._assembly",),
    ("plugbus.bus",),
    ("plugbus.doctor",),
    ("plugbus",),
    ("plugbus.testing",),
    ("plugbus.scaffold",),
    ("plugbus.cli", "plugbus.__main__"),
)


def floor_of(name):
    """The floor that names the module, or the package that holds it, else None; the facade `plugbus` holds nobody."""
    for floor, names in enumerate(FLOORS):
        if any(name == entry or (entry != "plugbus" and name.startswith(f"{entry}.")) for entry in names):
            return floor
    return None


class Imports(ast.NodeVisitor):
    """Collects what one module imports, at its top or lazily, but for its type annotations."""

    def __init__(self, module, known):
        self.package = module.name if module.is_package else module.name.rpartition(".")[0]
        self.known = known
        self.found = []

    def visit_If(self, node):
        if ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            for other in node.orelse:
                self.visit(other)
        else:
            self.generic_visit(node)

    def visit_Import(self, node):
        self.found += [(alias.name, node.lineno) for alias in node.names]

    def visit_ImportFrom(self, node):
        base = node.module or ""
        if node.level:
            kept = self.package.split(".")[: len(self.package.split(".")) - node.level + 1]
            base = ".".join([*kept, *([base] if base else [])])
        for alias in node.names:
            name = f"{base}.{alias.name}"
            self.found.append((name if name in self.known else base, node.lineno))


def imports_of(module, modules):
    visitor = Imports(module, {known.name for known in modules})
    visitor.visit(ast.parse(module.path.read_text(encoding="utf-8")))
    return visitor.found


def of_core(modules):
    return [module for module in modules if module.name.partition(".")[0] == "plugbus"]


def test_every_module_of_core_has_a_floor(modules):
    homeless = [module.name for module in of_core(modules) if floor_of(module.name) is None]
    assert not homeless


def test_no_module_of_core_imports_upward(modules):
    upward = [
        f"{module.name}:{line} imports {name}"
        for module in of_core(modules)
        for name, line in imports_of(module, modules)
        if None not in {floor_of(name), floor_of(module.name)} and floor_of(name) > floor_of(module.name)
    ]
    assert not upward


def test_no_modules_of_core_import_each_other_in_a_circle(modules):
    core = of_core(modules)
    names = {module.name for module in core}
    graph = {
        module.name: {name for name, _ in imports_of(module, modules) if name in names} - {module.name}
        for module in core
    }
    TopologicalSorter(graph).prepare()


def test_no_plugin_imports_a_private_module_of_core(modules):
    private = [
        f"{module.name}:{line} imports {name}"
        for module in modules
        if module not in of_core(modules)
        for name, line in imports_of(module, modules)
        if name.startswith("plugbus.") and any(part.startswith("_") for part in name.split("."))
    ]
    assert not private


def test_core_imports_no_plugin(modules):
    plugins = {module.name.partition(".")[0] for module in modules} - {"plugbus"}
    imported = [
        f"{module.name}:{line} imports {name}"
        for module in of_core(modules)
        for name, line in imports_of(module, modules)
        if name.partition(".")[0] in plugins
    ]
    assert not imported


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from plugbus import bus", ["plugbus.bus"]),
        ("from plugbus import EventBus", ["plugbus"]),
        ("def f():\n    import plugbus.bus", ["plugbus.bus"]),
        ("from . import bus", ["plugbus.bus"]),
        ("from .bus import EventBus", ["plugbus.bus"]),
        ("if TYPE_CHECKING:\n    from plugbus.bus import EventBus", []),
        ("if TYPE_CHECKING:\n    pass\nelse:\n    from plugbus.bus import EventBus", ["plugbus.bus"]),
    ],
)
def test_an_import_is_found_however_it_is_written(source, expected, modules):
    module = next(module for module in modules if module.name == "plugbus.errors")
    visitor = Imports(module, {"plugbus.bus"})
    visitor.visit(ast.parse(source))
    assert [name for name, _ in visitor.found] == expected
