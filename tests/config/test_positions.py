from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugbus.config._positions import dotted, scan


NASTY = r'''
# [fake.header]
title = "a # no comment" # a comment
[plugins.audit] # on
path = "x"
note = """
[fake.table]
key = 1
"""
raw = \'\'\'
[another]
it's = "x"''\'\'\'
inline = { a = 1, "b c" = [1, 2], d.e = "f" }
list = [
  "one", # first
  "two",
  [3, 4],
]
[plugins."quoted.name"]
'single' = 1979-05-27 07:32:00
a.b.c = true
[[sinks]]
kind = "file"
[[sinks.rules]]
name = "x"
[[sinks.rules]]
name = "y"
[[sinks]]
kind = "db"
[sinks.options]
size = 10
'''.replace("\\'", "'")


def at(text, position):
    line = text.split("\n")[position.line - 1]
    return line[position.column - 1 : position.column - 1 + position.width]


def paths_of(value, path=()):
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths_of(item, (*path, key))


def test_every_key_of_a_nasty_document_is_located():
    found = scan(NASTY)
    for path in paths_of(tomllib.loads(NASTY)):
        assert path in found.keys or path in found.values, path


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("title",), "title", '"a # no comment"'),
        (("plugins", "audit"), "audit", None),
        (("plugins", "audit", "path"), "path", '"x"'),
        (("plugins", "audit", "note"), "note", '"""'),
        (("plugins", "audit", "inline", "b c"), '"b c"', "[1, 2]"),
        (("plugins", "audit", "inline", "d", "e"), "e", '"f"'),
        (("plugins", "audit", "list", 1), None, '"two"'),
        (("plugins", "audit", "list", 2, 1), None, "4"),
        (("plugins", "quoted.name"), '"quoted.name"', None),
        (("plugins", "quoted.name", "single"), "'single'", "1979-05-27 07:32:00"),
        (("plugins", "quoted.name", "a", "b"), "b", None),
        (("sinks", 0, "rules", 1, "name"), "name", '"y"'),
        (("sinks", 1, "kind"), "kind", '"db"'),
        (("sinks", 1, "options", "size"), "size", "10"),
    ],
)
def test_keys_and_values_stand_where_the_scanner_says(path, key, value):
    found = scan(NASTY)
    assert (at(NASTY, found.keys[path]) if path in found.keys else None) == key
    assert (at(NASTY, found.values[path]) if path in found.values else None) == value


def test_a_form_that_the_scanner_does_not_know_loses_no_position_before_it():
    found = scan("a = 1\n= nonsense\nb = 2\n")
    assert ("a",) in found.keys
    assert ("b",) not in found.keys


def test_a_key_path_is_written_with_dots_brackets_and_quotes():
    assert dotted(("plugins", "audit", "sinks", 0, "a b")) == 'plugins.audit.sinks[0]."a b"'


KEYS = st.text("abc-_ .é\"'#=[", min_size=1, max_size=5)
SCALARS = st.one_of(st.integers(), st.booleans(), st.text("ab\"'\\#[]{},=\n", max_size=8), st.floats(allow_nan=False))


def quoted(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {toml(item)}" for key, item in value.items()) + "}"
    return repr(value)


VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=3), max_size=3))
def test_whatever_the_document_every_value_is_found_with_its_own_text(tables):
    text = "".join(
        f"[{quoted(name)}]\n" + "".join(f"{quoted(key)} = {toml(item)}\n" for key, item in table.items())
        for name, table in tables.items()
    )
    data = tomllib.loads(text)
    found = scan(text)
    assert set(paths_of(data)) == set(found.keys) | set(found.values)
    for (name, key, *rest), position in found.values.items():
        if not rest:
            assert at(text, position) == toml(tables[name][key])
