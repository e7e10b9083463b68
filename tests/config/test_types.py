from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NewType

import attrs
import pytest

from plugbus.config import Duration, Size, option
from plugbus.errors import DefinitionError


class Color(enum.Enum):
    RED = "red"
    DARK_BLUE = "dark-blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Shape(enum.Enum):
    ROUND = object()


@attrs.frozen
class Rule:
    name: str
    limit: int | None = None


@attrs.frozen
class Tree:
    name: str
    below: list[Tree] = attrs.field(factory=list)


@attrs.frozen
class Nested:
    folder: Path = Path("logs")


Ident = NewType("Ident", int)


def holder(annotation):
    return attrs.make_class("Holder", {"value": attrs.field(type=annotation)}, frozen=True)


@pytest.fixture
def value(settings):
    """Read one value of a type from TOML."""
    return lambda annotation, text: settings(holder(annotation), f"[plugins.audit]\nvalue = {text}\n").value


@pytest.fixture
def refusal(report):
    """Return what is said of one value of a type."""
    return lambda annotation, text: report(holder(annotation), f"[plugins.audit]\nvalue = {text}\n")


@pytest.mark.parametrize(
    ("annotation", "text", "expected"),
    [
        (int, "7", 7),
        (float, "7", 7.0),
        (float, "3.9", 3.9),
        (bool, "true", True),
        (str, '"x"', "x"),
        (int | None, "7", 7),
        (int | str, '"7"', "7"),
        (Ident, "7", 7),
        (Annotated[int, "a remark"], "7", 7),
        (Any, "{ a = 1 }", {"a": 1}),
        (object, "1.5", 1.5),
        (Literal["a", 1], "1", 1),
        (Color, '"dark-blue"', Color.DARK_BLUE),
        (Level, "2", Level.HIGH),
        (Shape, '"round"', Shape.ROUND),
        (list[int], "[1, 2]", [1, 2]),
        (list, '["a", 1]', ["a", 1]),
        (tuple[str, ...], '["a", "b"]', ("a", "b")),
        (tuple[str, int], '["a", 1]', ("a", 1)),
        (tuple, "[1]", (1,)),
        (Sequence[float], "[1, 2.5]", (1.0, 2.5)),
        (frozenset[str], '["a", "a"]', frozenset("a")),
        (set[int], "[1]", {1}),
        (dict[str, int], "{ a = 1 }", {"a": 1}),
        (Mapping[str, Rule], '{ a = { name = "x" } }', {"a": Rule("x")}),
        (dict, "{ a = 1 }", {"a": 1}),
        (list[Rule] | None, '[{ name = "x", limit = 3 }]', [Rule("x", 3)]),
        (Tree, '{ name = "a", below = [{ name = "b" }] }', Tree("a", [Tree("b")])),
        (dt.date, "1979-05-27", dt.date(1979, 5, 27)),
        (dt.time, "07:32:00", dt.time(7, 32)),
        (dt.datetime, "1979-05-27T07:32:00Z", dt.datetime(1979, 5, 27, 7, 32, tzinfo=dt.UTC)),
        (Duration, '"90d"', 90 * 86400.0),
        (Duration, "5", 5.0),
        (Duration | None, '"1h30m"', 5400.0),
        (Size, '"10MiB"', 10 * 1024 * 1024),
        (Size, "512", 512),
    ],
)
def test_a_value_of_the_right_type_is_taken(value, annotation, text, expected):
    got = value(annotation, text)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    ("annotation", "text", "said"),
    [
        (int, '"7"', "expects an integer, got the string '7'"),
        (int, "true", "expects an integer, got the boolean true"),
        (int, "3.9", "expects an integer, got the float 3.9"),
        (int, "3.0", "expects an integer, got the float 3.0"),
        (float, "true", "expects a number, got the boolean true"),
        (float, '"3.9"', "expects a number, got the string '3.9'"),
        (bool, "1", "expects true or false, got the integer 1"),
        (bool, '"true"', "expects true or false, got the string 'true'"),
        (str, "7", "expects a string, got the integer 7"),
        (str, "1979-05-27", "expects a string, got the date or time 1979-05-27"),
        (str, f'"""{"x" * 80}"""' + " # long\n", None),
        (int, f'"{"x" * 80}"', f"got the string '{'x' * 57}...'"),
        (dt.date, "1979-05-27T07:32:00", "expects a date, got the date or time"),
        (Path, "7", "expects a path, got the integer 7"),
        (Path, '""', "expects a path, got the string ''"),
        (Path, '"~nobody_of_this_name/x"', "expects a path in a home folder that exists"),
        (list[int], "7", "expects a list, each item an integer, got the integer 7"),
        (list[str], '"abc"', "expects a list, each item a string, got the string 'abc'"),
        (tuple[str, int], '["a"]', "expects a list of 2 items: a string, an integer, got a list"),
        (dict[str, int], "[1]", "expects a table, each value an integer, got a list"),
        (Rule, '"x"', "expects a table, got a string"),
        (int | None, '"7"', "expects an integer, got the string '7'"),
        (int | str, "1.5", "expects an integer or a string, got the float 1.5"),
        (Literal["a", "b"], '"c"', "expects one of 'a', 'b', got the string 'c'"),
        (Literal[1], "true", "expects 1, got the boolean true"),
        (Color, '"rad"', "expects one of 'red', 'dark-blue', got the string 'rad'. Did you mean 'red'?"),
        (Duration, '"7"', "expects a duration such as '30s', '10m', '1h', '90d', or a number of seconds, got"),
        (Duration, "-1", "expects a duration"),
        (Duration, "true", "expects a duration"),
        (Duration, "inf", "expects a duration"),
        (Size, '"10 parsecs"', "expects a size such as '64kB' or '10MiB', or a number of bytes, got"),
        (Size, "1.5", "expects a size"),
        (Size, "true", "expects a size"),
        (Size, "-1", "expects a size"),
    ],
)
def test_a_value_of_another_type_is_refused(value, refusal, annotation, text, said):
    if said is None:
        assert value(annotation, text) == "x" * 80
    else:
        assert said in refusal(annotation, text)


@pytest.mark.parametrize(
    ("annotation", "text", "place", "said"),
    [
        (list[int], '[1, "2", true]', "plugins.audit.value[1]", "got the string '2'"),
        (list[int], '[1, "2", true]', "plugins.audit.value[2]", "got the boolean true"),
        (dict[str, int], '{ "a b" = 1.5 }', 'plugins.audit.value."a b"', "expects an integer"),
        (tuple[str, int], '["a", "b"]', "plugins.audit.value[1]", "expects an integer"),
        (Rule, '{ nam = "x" }', "plugins.audit.value.nam", "unknown setting 'value.nam'"),
        (Rule, '{ nam = "x" }', "plugins.audit.value.name", "setting 'value.name' of"),
        (Rule | str, '{ name = "x", limit = "y" }', "plugins.audit.value.limit", "expects an integer"),
        (list[Tree], '[{ name = "a", below = [{ name = 3 }] }]', "plugins.audit.value[0].below[0].name", "a string"),
    ],
)
def test_what_is_wrong_inside_of_a_value_is_reported_where_it_stands(refusal, annotation, text, place, said):
    lines = refusal(annotation, text)
    assert f"  {place}\n" in lines
    assert said in lines


def test_a_table_with_an_unknown_key_is_no_member_of_a_union_either(refusal):
    assert "unknown setting 'value.what'" in refusal(Rule | None, '{ name = "x", what = 1 }')


def test_paths_are_relative_to_the_folder_of_the_file_and_the_tilde_is_the_home_folder(value, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert value(Path, '"var/audit.db"') == tmp_path / "var/audit.db"
    assert value(Path, '"/var/audit.db"') == Path("/var/audit.db")
    assert value(list[Path], '["~/a"]') == [tmp_path / "home/a"]


def test_relative_paths_in_defaults_are_made_absolute_too(settings, tmp_path):
    @attrs.frozen
    class Paths:
        one: Path = option(Path("a.db"), help="a path")
        none: Path | None = option(None, help="no path")
        several: tuple[Path, ...] = option((Path("b"), Path("/c")), help="paths")
        nested: Nested = option(factory=Nested, help="a table with a path")
        later: Path = attrs.field(kw_only=True)

        @later.default
        def _(self):
            return self.one / "later"

    found = settings(Paths)
    assert found == Paths(
        one=tmp_path / "a.db",
        none=None,
        several=(tmp_path / "b", Path("/c")),
        nested=Nested(tmp_path / "logs"),
        later=tmp_path / "a.db/later",
    )


def test_a_mapping_given_in_code_may_hold_the_objects_themselves(settings, tmp_path):
    table = {"value": Color.RED}
    assert settings(holder(Color), source={"plugins": {"audit": table}}).value is Color.RED
    assert settings(holder(Rule), source={"plugins": {"audit": {"value": Rule("x")}}}).value == Rule("x")
    assert settings(holder(int | None), source={"plugins": {"audit": {"value": None}}}).value is None
    assert settings(holder(Path), source={"plugins": {"audit": {"value": tmp_path}}}).value == tmp_path
    assert settings(holder(tuple[int, ...]), source={"plugins": {"audit": {"value": (1, 2)}}}).value == (1, 2)


def test_an_object_that_no_file_could_hold_is_named_by_its_type(settings):
    with pytest.raises(ExceptionGroup) as caught:
        settings(holder(int), source={"plugins": {"audit": {"value": object()}}})
    assert "expects an integer, got an object of type object" in str(caught.value)


def test_private_attributes_are_settings_without_their_underscore_and_computed_ones_are_none(settings):
    @attrs.frozen
    class Private:
        _size: int = 1
        double: int = attrs.field(init=False)

        def __attrs_post_init__(self):
            object.__setattr__(self, "double", 2 * self._size)

    assert settings(Private, "[plugins.audit]\nsize = 4\n").double == 8


@pytest.mark.parametrize("annotation", [bytes, complex, dict[int, str], type, list[bytes], Rule | bytes])
def test_a_type_that_a_configuration_cannot_express_is_the_author_s_error(settings, annotation):
    with pytest.raises(DefinitionError, match=r"setting 'value' of Holder: a configuration cannot express the type"):
        settings(holder(annotation), "[plugins.audit]\nvalue = 1\n")


def test_a_type_that_is_imported_for_type_checkers_only_is_the_author_s_error(settings):
    @attrs.frozen
    class Unreadable:
        value: NotImportedAnywhere  # noqa: F821

    with pytest.raises(DefinitionError, match=r"annotations of .*Unreadable cannot be read"):
        settings(Unreadable)


def test_a_class_that_is_no_attrs_class_is_the_author_s_error(settings):
    class Plain:
        pass

    with pytest.raises(DefinitionError, match=r"is no attrs class; decorate it with @attrs.frozen"):
        settings(Plain)
