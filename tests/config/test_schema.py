"""The JSON Schema of the file says what reading the file says."""

from __future__ import annotations

import datetime as dt
import enum
import json
import tomllib
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from plugbus.config import Duration, Owner, Size, load_config, option
from plugbus.config.options import HELP
from plugbus.config.schema import DIALECT, file_schema


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.Enum):
    LOW = 1.5
    HIGH = 2.5


@attrs.frozen
class Sink:
    kind: Literal["file", "database"] = option("file", help="where to")
    token: str | None = option(None, help="opens it", secret=True)


@attrs.frozen
class Tree:
    name: str = option(help="its name")
    below: tuple[Tree, ...] = option((), help="more of them")


validators = attrs.validators


@attrs.frozen
class Everything:
    flag: bool = option(False, help="a switch")
    count: int = option(1, help="a number", validator=[validators.ge(1), validators.lt(100)])
    share: float = option(0.5, help="a part")
    text: str = option("", help="a text", validator=validators.max_len(5))
    code: str = option("ab", help="two letters", validator=validators.matches_re("[a-z]{2}"))
    path: Path = option(Path("x"), help="a path")
    color: Color = option(Color.RED, help="a color")
    level: Level = option(Level.LOW, help="a level")
    pause: Duration = option(1.0, help="a duration")
    room: Size = option(0, help="a size")
    either: int | str = option(0, help="a number or a text")
    some: tuple[int, ...] = option((), help="numbers", validator=validators.min_len(0))
    pair: tuple[int, str] = option((1, "a"), help="a number and a text")
    table: dict[str, int] = option(factory=dict, help="numbers by name")
    sinks: list[Sink] = option(factory=list, help="sinks")
    sink: Sink = option(Sink(), help="a sink")
    tree: Tree | None = option(None, help="a tree")
    anything: Any = option(None, help="whatever")
    one_of: str = option("a", help="one of two", validator=validators.in_(["a", "b"]))
    tags: frozenset[str] = option(frozenset({"b", "a"}), help="words")
    word: str = option("abc", help="a word", validator=[validators.min_len(2), validators.min_len(3)])
    maybe: int | None = option(None, help="a number", validator=validators.optional(validators.gt(0)))


@attrs.frozen
class Secretive:
    password: str = option(help="opens it", secret=True)


@attrs.frozen
class Dated:
    day: dt.date = option(dt.date(2020, 1, 1), help="a day")


def accepts(schema, data):
    return Draft202012Validator(schema).is_valid(data)


def usable(cls, data, folder):
    """Whether the table of the plugin p can be used as it stands."""
    config = load_config({"plugins": {"p": data}}, environ={}, folder=folder)
    return not config.problems and not config.settings_for(config.table("p"), cls, Owner("p")).problems


SCHEMA = file_schema({"p": Everything})
SECRETIVE = file_schema({"p": Secretive})

GOOD = [
    "",
    "flag = true",
    "count = 99",
    "share = 1",
    "share = 0.25",
    "text = 'abcde'",
    "code = 'zz'",
    "path = '/tmp'",
    "color = 'blue'",
    "level = 'high'",
    "pause = 3",
    "pause = 0.5",
    "pause = ' 1h30m '",
    "room = 7",
    "room = '10MiB'",
    "room = '1.5 kb'",
    "either = 1",
    "either = 'x'",
    "some = [1, 2]",
    "pair = [1, 'b']",
    "table = {a = 1, b = 2}",
    "sinks = [{}, {kind = 'file'}]",
    "sink.kind = 'database'",
    "sink.token = 'x'",
    "tree = {name = 'a', below = [{name = 'b'}, {name = 'c', below = []}]}",
    "anything = [1, {a = 'b'}]",
    "one_of = 'b'",
    "maybe = 1",
    "tags = ['x', 'x']",
    "word = 'abc'",
    "enabled = true\nrequired = false\nbefore = ['x']\nafter = []\ndistribution = 'd'",
]
BAD = [
    "flag = 1",
    "count = 0",
    "count = 100",
    "count = true",
    "count = '7'",
    "count = 1.5",
    "share = 'much'",
    "share = true",
    "text = 'abcdef'",
    "code = 'zzz'",
    "path = ''",
    "path = 3",
    'path = "a\\u0000b"',
    "color = 'green'",
    "level = 1.5",
    "pause = -1",
    "pause = '5 parsecs'",
    "pause = true",
    "room = 1.5",
    "room = '5ib'",
    "room = '-1B'",
    "either = true",
    "either = []",
    "some = 1",
    "some = ['1']",
    "pair = [1]",
    "pair = [1, 'b', 3]",
    "pair = ['b', 1]",
    "table = {a = 'x'}",
    "table = []",
    "sinks = [{kind = 'net'}]",
    "sinks = [1]",
    "sinks = {}",
    "sink.what = 1",
    "sink = 'file'",
    "tree = {below = []}",
    "tree = {name = 'a', below = [{}]}",
    "one_of = 'c'",
    "maybe = 0",
    "tags = 'x'",
    "word = 'ab'",
    "unknown = 1",
    "enabled = 'no'",
    "required = 0",
    "before = 'x'",
    "after = [1]",
    "distribution = 3",
    "sink.token = 't'\nsink.token_file = 'f'",
]


@pytest.mark.parametrize(("text", "good"), [(text, True) for text in GOOD] + [(text, False) for text in BAD])
def test_the_schema_accepts_what_reading_accepts(tmp_path, text, good):
    data = tomllib.loads(text)
    assert usable(Everything, data, tmp_path) is good
    assert accepts(SCHEMA, {"plugins": {"p": data}}) is good


TEXTS = st.sampled_from(["", "a", "ab", "abcdefgh", "red", "low", "1h", "5 s", "1.5kB", "5ib", "file", "x\0y"])
ATOMS = st.booleans() | st.integers(-3, 120) | st.sampled_from([-0.5, 0.25, 1e3 + 0.5]) | TEXTS
KEYS = st.sampled_from(["name", "below", "kind", "a"])
VALUES = st.recursive(ATOMS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
TABLES = st.dictionaries(st.sampled_from([field.name for field in attrs.fields(Everything)]), VALUES, max_size=3)


@given(TABLES)
def test_for_any_table_the_schema_and_the_reader_agree(table):
    assert accepts(SCHEMA, {"plugins": {"p": table}}) is usable(Everything, table, Path("/"))


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("", True),
        ("[bus]\n", True),
        ("[bus]\nsource = 'shop'\nimports = ['a']\nmax_pending = 5\nstart_timeout = '5s'", True),
        ("[bus]\nplugins = 'installed'", True),
        ("[bus]\nplugins = []", True),
        ("[bus]\nplugins = ['bare', 'blank']", True),
        ("[plugins.bare]\n", True),
        ("[plugins.blank]\nwhatever = 1", True),
        ("[plugins.bare]\nenabled = false\nwhatever = 1", True),
        ("[bus]\nplugins = ['blank']\n[plugins.bare]\nwhatever = 1", True),
        ("[bus]\nplugins = []\n[plugins.waiting]\nwhatever = 1", True),
        ("[plugins.gone]\nenabled = false\nwhatever = 1", True),
        ("[plugins.gone]\nrequired = false", True),
        ("[plugins.p]\npassword = 'x'", True),
        ("[bus]\nplugins = ['p']\n[plugins.p]\npassword_file = 'x'", True),
        ("[bus]\nplugins = ['bare']\n[plugins.p]\n", True),
        ("[plugins.p]\nenabled = false", True),
        ("[bus]\nsource = 1", False),
        ("[bus]\nsauce = 'shop'", False),
        ("[bus]\nmax_pending = 0", False),
        ("[bus]\nstart_timeout = 0", False),
        ("[bus]\nplugins = 'all'", False),
        ("[bus]\nplugins = ['bare', 'bare']", False),
        ("[bus]\nplugins = ['bear']", False),
        ("bus = 1", False),
        ("plugins = 1", False),
        ("[plugins]\nbare = 1", False),
        ("[plugin.bare]\n", False),
        ("[plugins.bare]\nwhatever = 1", False),
        ("[bus]\nplugins = ['bare']\n[plugins.bare]\nwhatever = 1", False),
        ("[plugins.gone]\n", False),
        ("[plugins.p]\n", False),
        ("[plugins.p]\npassword = 'x'\npassword_file = 'x'", False),
        ("[bus]\nplugins = ['p']", False),
        ("[bus]\nplugins = ['bare']\n[plugins.bare]\nenabled = 3", False),
    ],
)
def test_the_whole_file_is_described(text, good):
    schema = file_schema({"p": Secretive, "bare": None}, ["blank"])
    assert accepts(schema, tomllib.loads(text)) is good


def test_the_schema_is_one_and_can_be_written_down():
    for schema in (SCHEMA, SECRETIVE, file_schema({})):
        Draft202012Validator.check_schema(schema)
        assert json.loads(json.dumps(schema)) == schema
        assert schema["$schema"] == DIALECT


def test_an_editor_is_told_what_each_setting_is_for_and_its_default():
    shown = SCHEMA["properties"]["plugins"]["properties"]["p"]["properties"]
    assert shown["count"] == {"description": "a number", "default": 1}
    assert shown["color"] == {"description": "a color", "default": "red"}
    assert shown["sink"] == {"description": "a sink", "default": {"kind": "file"}}
    assert shown["tags"] == {"description": "words", "default": ["a", "b"]}
    assert shown["path"] == {"description": "a path", "default": "x"}
    assert SCHEMA["$defs"]["Sink"]["properties"]["token"] == {
        "description": "opens it",
        "writeOnly": True,
        "type": "string",
    }
    assert all("description" in one for one in SCHEMA["properties"]["bus"]["properties"].values())


def test_the_default_of_a_secret_is_not_in_the_schema():
    @attrs.frozen
    class Careless:
        token: str = option("hunter2", help="opens it", secret=True)

    assert "hunter2" not in json.dumps(file_schema({"p": Careless}))


def test_a_date_is_a_string_to_json():
    schema = file_schema({"p": Dated})["$defs"]["plugin.p"]["properties"]["day"]
    assert schema == {"description": "a day", "default": "2020-01-01", "type": "string", "format": "date"}


def test_two_classes_of_one_name_are_told_apart():
    one, two = (
        attrs.make_class("Part", {"value": attrs.field(default=0, type=int, metadata={HELP: word})})
        for word in ("one", "two")
    )
    whole = attrs.make_class("Whole", {"a": attrs.field(type=one), "b": attrs.field(type=two)})
    schema = file_schema({"p": whole})
    words = [schema["$defs"][name]["properties"]["value"]["description"] for name in ("Part", "Part2")]
    assert words == ["one", "two"]


def test_a_plugin_whose_settings_cannot_be_expressed_is_left_open():
    @attrs.frozen
    class Odd:
        what: type = option(int, help="what no file can say")

    schema = file_schema({"p": Odd})
    assert "plugin.p" not in schema["$defs"]
    assert accepts(schema, {"plugins": {"p": {"what": 1}}})
