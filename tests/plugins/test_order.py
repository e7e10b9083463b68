from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugbus.plugins.order import Edge, OrderCycle, arrange


def edges(*pairs, source="toml"):
    return [Edge(*pair.split("<"), source) for pair in pairs]


def test_without_statements_the_given_order_holds():
    assert arrange(["b", "a"], [], []).names == ("b", "a")


def test_the_configuration_s_statements_come_before_its_list():
    assert arrange(["a", "b", "c"], edges("c<a"), [], listed=True).names == ("b", "c", "a")


def test_the_list_comes_before_the_plugins_wishes():
    found = arrange(["a", "b"], [], edges("b<a", source="class"), listed=True)
    assert found.names == ("a", "b")
    assert [str(edge) for edge in found.overruled] == ["b before a (class)"]


def test_the_plugins_wishes_come_before_the_order_of_the_tables():
    found = arrange(["a", "b", "c"], [], edges("c<a", source="class"))
    assert found.names == ("b", "c", "a")
    assert not found.overruled


def test_a_wish_that_contradicts_the_configuration_through_others_is_passed_over():
    found = arrange(["a", "b", "c"], edges("a<b", "b<c"), edges("c<a"))
    assert found.names == ("a", "b", "c")
    assert len(found.overruled) == 1


def test_statements_about_absent_plugins_do_not_matter():
    assert arrange(["a", "b"], edges("x<a"), edges("b<y")).names == ("a", "b")


@pytest.mark.parametrize(
    ("stated", "wishes", "text"),
    [
        (["a<b", "b<a"], [], "a before b (toml), b before a (toml)"),
        ([], ["a<b", "b<c", "c<a"], "a before b (class), b before c (class), c before a (class)"),
        (["b<c"], ["a<b", "c<a"], "b before c (toml), c before a (class), a before b (class)"),
        (["a<a"], [], "a before a (toml)"),
    ],
)
def test_a_cycle_is_printed_with_the_source_of_each_statement(stated, wishes, text):
    with pytest.raises(OrderCycle) as caught:
        arrange(["a", "b", "c"], edges(*stated), edges(*wishes, source="class"))
    rotations = text.split(", ")
    said = str(caught.value).removeprefix("the order of plugins closes a cycle: ")
    assert said in {", ".join(rotations[i:] + rotations[:i]) for i in range(len(rotations))}


NAMES = list("abcde")
EDGES = st.lists(st.sampled_from(list(itertools.permutations(NAMES, 2))), max_size=6)


@given(st.permutations(NAMES), EDGES, EDGES, st.booleans())
def test_every_statement_that_is_followed_holds_and_no_plugin_is_lost(names, stated, wishes, listed):
    toml = [Edge(*pair, "toml") for pair in stated]
    found, cycle = None, ()
    try:
        found = arrange(names, toml, [Edge(*pair, "class") for pair in wishes], listed=listed)
    except OrderCycle as error:
        cycle = error.edges
    if found is None:
        assert all(one.then == other.first for one, other in itertools.pairwise((*cycle, cycle[0])))
        return
    assert sorted(found.names) == NAMES
    assert all(found.names.index(edge.first) < found.names.index(edge.then) for edge in found.followed)
    assert set(toml) <= set(found.followed)
    assert arrange(names, toml, [], listed=True).names == found.names or not listed


def test_each_place_has_its_reasons():
    found = arrange(["a", "b", "c"], edges("c<b"), edges("b<a", source="class"))
    assert found.names == ("c", "b", "a")
    assert found.reasons("b") == ("c before b (toml)", "b before a (class)")
    assert found.reasons("c") == ("c before b (toml)",)


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("[plugins.one]\n[plugins.two]\n", ("the order of the tables (plugbus.toml:2:10)",)),
        (
            "[plugins.one]\nafter = ['two']\n[plugins.two]\n",
            (
                "two before one (plugbus.toml:2:10 plugins.one.after)",
                "else the order of the tables (plugbus.toml:3:10)",
            ),
        ),
        ("[bus]\nplugins = ['one', 'two']\n", ("number 2 of the list in [bus] (plugbus.toml:2:19)",)),
        ("[bus]\nplugins = 'installed'\n", ("by name, for all that are installed are on",)),
    ],
)
def test_the_configuration_s_part_in_the_order_is_told_with_its_place(site, load, text, reasons):
    for name in ("one", "two"):
        site.add(f"demo-{name}", "class P(Plugin[None]):\n    api = 1")
    ours = ["audit", "cache", "guards", "localization", "notifications"]
    assert load(text, disabled=ours).arrangement.reasons("two") == reasons


def test_a_plugin_may_wish_to_come_before_all_others():
    found = arrange(["a", "b", "guards"], [], [], edges("guards<a", "guards<b", source="class"))
    assert found.names == ("guards", "a", "b")
    assert found.overruled == ()


def test_what_is_said_of_one_plugin_comes_before_what_is_wished_of_all():
    general = edges("guards<a", "guards<b", source="class")
    assert arrange(["a", "b", "guards"], edges("a<guards"), [], general).names == ("a", "guards", "b")
    assert arrange(["a", "b", "guards"], [], edges("a<b", "b<guards"), general).names == ("a", "b", "guards")
    assert arrange(["a", "b", "guards"], [], [], general, listed=True).names == ("a", "b", "guards")


def test_two_that_both_wish_to_be_first_make_no_cycle():
    general = edges("x<a", "x<y", "y<a", "y<x", source="class")
    assert arrange(["a", "x", "y"], [], [], general).names == ("x", "y", "a")


def test_before_all_others_in_a_class(site, load):
    site.add("demo-one", "class P(Plugin[None]):\n    api = 1\n")
    site.add("demo-two", "class P(Plugin[None]):\n    api = 1\n    before = ('*',)\n")
    assert load("[plugins.one]\n[plugins.two]\n").arrangement.names == ("two", "one")
