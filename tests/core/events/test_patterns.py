"""Patterns: segments split by dots; `*` stands for one segment, at the end for one or more; `"*"` is everything."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from plugbus import Event, EventBus
from plugbus._names import parse_pattern
from plugbus.errors import InvalidPattern


# Characters that mean something in regular expressions, in globs or to people.
LETTERS = st.sampled_from(["a", "b", "Z", "9", "_", "-", "/", "+", "?", "[", "(", "\\", "|", "$", "^", "\n", "é", "😀"])
SEGMENT = st.text(LETTERS, min_size=1, max_size=3)
NAME = st.lists(SEGMENT, min_size=1, max_size=5).map(".".join)
PATTERN = st.lists(st.one_of(SEGMENT, st.just("*")), min_size=2, max_size=5).map(".".join)


def naive(pattern, name):
    """The rule, word by word."""
    if pattern == "*":
        return True
    wanted, given = pattern.split("."), name.split(".")
    if wanted[-1] == "*" and len(given) > len(wanted):
        given = given[: len(wanted)]
    if len(wanted) != len(given):
        return False
    return all(segment in ("*", actual) for segment, actual in zip(wanted, given, strict=True))


@settings(deadline=None)
@given(PATTERN, NAME)
@example("a.*", "a.b")
@example("a.*", "a")
@example("*.*", "a.b.c")
@example("*.a", "b.b.a")
def test_a_pattern_matches_what_the_rule_says(pattern, name):
    assert parse_pattern(pattern).matches(name) == naive(pattern, name)


@settings(deadline=None)
@given(st.data(), NAME)
def test_a_pattern_made_of_a_name_matches_it(data, name):
    segments = name.split(".")
    assume(len(segments) > 1)
    starred = [data.draw(st.sampled_from([segment, "*"])) for segment in segments]
    assert parse_pattern(".".join(starred)).matches(name)
    assert naive(".".join(starred), name)


@settings(deadline=None)
@given(NAME)
def test_the_star_alone_matches_everything(name):
    assert parse_pattern("*").matches(name)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("user.created", "user.created", True),
        ("user.created", "user.created.twice", False),
        ("user.*", "user.created", True),
        ("user.*", "user.password.reset", True),
        ("user.*", "user", False),
        ("user.*", "users.created", False),
        ("*.created", "user.created", True),
        ("*.created", "shop.user.created", False),
        ("*.*", "user.created", True),
        ("*.*", "created", False),
        ("user.*.done", "user.import.done", True),
        ("user.*.done", "user.import.all.done", False),
        ("*", "created", True),
    ],
)
def test_examples(pattern, name, expected):
    assert parse_pattern(pattern).matches(name) is expected


@pytest.mark.parametrize("text", ["", "user", "user.", ".created", "user..created", "user.cre*", "**", "user.**", "."])
def test_a_pattern_that_is_no_pattern_is_refused(text):
    with pytest.raises(InvalidPattern, match="is no pattern"):
        EventBus().subscribe(text, print)


def test_the_error_for_a_lone_name_says_what_to_write():
    with pytest.raises(InvalidPattern, match=r"write 'user\.\*'"):
        EventBus().subscribe("user", print)


async def test_a_handler_of_several_patterns_gets_an_event_once():
    bus, seen = EventBus(), []
    bus.subscribe(("user.*", "*.created", "*", Event), seen.append)
    await bus.publish(Event(type="user.created"))
    assert len(seen) == 1
