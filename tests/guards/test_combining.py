"""Guards put together: what counts when they do not agree, or fail."""

from __future__ import annotations

import asyncio
import inspect
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugbus.errors import DefinitionError
from plugbus_guards import ALLOW, ANONYMOUS, AllOf, Deny, Error, all_of, any_of, not_
from plugbus_guards.context import GuardContext
from plugbus_guards.settings import GuardsSettings
from plugbus_guards.surroundings import Surroundings


DENY, ERROR = Deny("no"), Error("broken")
WORDS = {"allow": ALLOW, "deny": DENY, "error": ERROR}


def says(word, *, is_async=False):
    def plain(event, principal, context):
        return WORDS[word]

    async def awaited(event, principal, context):
        await asyncio.sleep(0)
        return WORDS[word]

    return awaited if is_async else plain


def context(tmp_path="."):
    from pathlib import Path

    return GuardContext("thing.happened", Surroundings(GuardsSettings(), Path(tmp_path)))


async def ask(guard, where=None):
    answer = guard.check(None, ANONYMOUS, where or context())
    return await answer if inspect.isawaitable(answer) else answer


def word_of(decision):
    return {"Allow": "allow", "Deny": "deny", "Error": "error"}[type(decision).__name__]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("allow", "allow"), "allow"),
        (("allow", "deny"), "deny"),
        (("allow", "error"), "error"),
        (("deny", "error"), "deny"),
        (("error", "error"), "error"),
    ],
    ids=str,
)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
async def test_all_of_allows_only_if_each_allows_in_any_order(words, expected, is_async):
    for order in permutations(words):
        guard = all_of(*(says(word, is_async=is_async) for word in order))
        assert word_of(await ask(guard)) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("allow", "deny"), "allow"),
        (("allow", "error"), "allow"),
        (("deny", "error"), "error"),
        (("deny", "deny"), "deny"),
        (("error", "error"), "error"),
    ],
    ids=str,
)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
async def test_any_of_allows_only_on_a_real_allow_in_any_order(words, expected, is_async):
    for order in permutations(words):
        guard = any_of(*(says(word, is_async=is_async) for word in order))
        assert word_of(await ask(guard)) == expected


@pytest.mark.parametrize(("word", "expected"), [("allow", "deny"), ("deny", "allow"), ("error", "error")])
async def test_not_turns_round_what_was_decided_and_no_error(word, expected):
    assert word_of(await ask(not_(says(word)))) == expected
    assert word_of(await ask(not_(not_(says(word))))) == word


TREES = st.recursive(
    st.sampled_from(sorted(WORDS)),
    lambda inner: (
        st.tuples(st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3))
        | st.tuples(st.just("not"), inner)
    ),
    max_leaves=8,
)


def build(tree, flip):
    if isinstance(tree, str):
        return says(tree, is_async=flip())
    kind, inner = tree
    if kind == "not":
        return not_(build(inner, flip))
    return (all_of if kind == "all" else any_of)(*(build(one, flip) for one in inner))


def value_of(tree):
    if isinstance(tree, str):
        return tree
    kind, inner = tree
    if kind == "not":
        return {"allow": "deny", "deny": "allow", "error": "error"}[value_of(inner)]
    words = [value_of(one) for one in inner]
    order = ("deny", "error", "allow") if kind == "all" else ("allow", "error", "deny")
    return next(word for word in order if word in words)


@given(TREES, st.integers(0, 255))
def test_any_tree_comes_out_as_the_three_words_do_whichever_parts_are_async(tree, bits):
    flips = iter(bool(bits >> number & 1) for number in range(10_000))
    guard = build(tree, lambda: next(flips))
    if isinstance(tree, str):
        guard = all_of(guard)
    assert word_of(asyncio.run(ask(guard))) == value_of(tree)


@pytest.mark.parametrize("nonsense", [True, None, "allow", 1, object], ids=repr)
async def test_an_answer_that_is_none_is_an_error(nonsense):
    odd = lambda event, principal, context: nonsense
    for guard in (all_of(odd), any_of(odd), not_(odd)):
        decision = await ask(guard)
        assert isinstance(decision, Error)
        assert "expected Allow, Deny or Error" in decision.reason


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
async def test_what_a_guard_raises_is_an_error_and_logged_with_its_traceback(is_async, caplog):
    def fail(event, principal, context):
        raise KeyError("password hunter2")

    async def fail_later(event, principal, context):
        raise KeyError("password hunter2")

    decision = await ask(all_of(fail_later if is_async else fail))
    assert isinstance(decision, Error)
    assert "KeyError" in decision.reason
    assert "hunter2" not in decision.reason
    assert caplog.records[0].exc_info is not None


async def test_an_async_guard_that_takes_too_long_is_an_error():
    async def slow(event, principal, context):
        await asyncio.sleep(60)

    where = context()
    where.surroundings.timeout = 0.01
    decision = await ask(any_of(says("deny"), slow), where)
    assert isinstance(decision, Error)
    assert "did not decide within 0.01 s" in decision.reason


async def test_each_async_guard_has_its_own_time():
    async def brief(event, principal, context):
        await asyncio.sleep(0.2)
        return ALLOW

    where = context()
    where.surroundings.timeout = 0.35
    assert await ask(all_of(all_of(brief, brief), brief), where) is ALLOW


def test_of_several_denials_the_gravest_is_told_and_of_alternatives_the_easiest():
    codes = ["rate_limited", "authentication_required", "cart_invalid"]
    for order in permutations(codes):
        guards = [lambda event, principal, context, code=code: Deny(code, code) for code in order]
        assert all_of(*guards).check(None, ANONYMOUS, context()).code == "authentication_required"
        assert any_of(*guards).check(None, ANONYMOUS, context()).code == "rate_limited"


@pytest.mark.parametrize("how", [all_of, any_of], ids=["all_of", "any_of"])
def test_nothing_cannot_be_combined(how):
    with pytest.raises(DefinitionError, match="name a guard at least"):
        how()


@pytest.mark.parametrize("what", [7, "no_such_guard", AllOf], ids=repr)
@pytest.mark.parametrize("how", [all_of, any_of, not_], ids=["all_of", "any_of", "not"])
def test_what_is_no_guard_is_refused_at_once(how, what):
    with pytest.raises(DefinitionError, match="guard"):
        how(what)


def test_a_name_stands_for_a_guard_that_needs_no_settings():
    assert str(all_of("authenticated", not_("admin"))) == "all of [authenticated, not admin]"
