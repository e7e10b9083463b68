from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from plugbus.cli.lines import LineSplitter


def split(data, sizes=(), longest=1000):
    """Feed the data in pieces of the given sizes, and what is left in one."""
    splitter, found = LineSplitter(longest), []
    for size in sizes:
        piece, data = data[:size], data[size:]
        found += splitter.feed(piece)
    return [*found, *splitter.feed(data), *splitter.finish()]


@settings(deadline=None)  # the machine may be busy
@given(st.binary(max_size=200), st.lists(st.integers(1, 20)))
def test_where_the_chunks_are_cut_makes_no_difference(data, sizes):
    assert split(data, sizes, longest=30) == split(data, longest=30)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.binary(min_size=1, max_size=20).filter(lambda line: b"\n" not in line and line.strip())))
def test_every_line_comes_out_with_its_number(lines):
    expected = [(number, line) for number, line in enumerate(lines, 1)]
    if expected:
        expected[0] = (1, lines[0].removeprefix(b"\xef\xbb\xbf"))
    assert split(b"\n".join(lines)) == [(number, line) for number, line in expected if line.strip()]


def test_empty_lines_are_left_out_but_counted():
    assert split(b"\n  \r\na\n\n\tb") == [(3, b"a"), (5, b"\tb")]


def test_a_byte_order_mark_is_dropped_at_the_start_only():
    assert split(b"\xef\xbb\xbfa\n\xef\xbb\xbfb", (1, 1)) == [(1, b"a"), (2, b"\xef\xbb\xbfb")]


def test_a_line_that_is_too_long_is_told_and_not_kept():
    splitter = LineSplitter(10)
    for _ in range(100):
        assert list(splitter.feed(b"x" * 10)) == []
    assert sum(map(len, splitter._parts)) <= 10
    assert list(splitter.feed(b"\nnext\n")) == [(1, None), (2, b"next")]


def test_a_line_may_be_as_long_as_the_limit():
    assert split(b"x" * 10 + b"\n" + b"y" * 11, (3, 3), longest=10) == [(1, b"x" * 10), (2, None)]


def test_the_last_line_needs_no_line_break():
    assert split(b"a\nb") == [(1, b"a"), (2, b"b")]
