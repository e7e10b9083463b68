from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from plugbus.cli.text import amount, one_line, printable, told


@settings(deadline=None)  # the machine may be busy
@given(st.text())
def test_whatever_comes_in_only_printable_text_comes_out(text):
    assert printable(text).isprintable()
    assert one_line(text).isprintable()
    assert len(one_line(text)) <= 300


def test_text_that_is_printable_stays_as_it_is():
    assert printable("Zoë, 東京 [bold]") == "Zoë, 東京 [bold]"


def test_what_would_steer_a_terminal_becomes_visible():
    assert printable("\x1b[31mred\x9b \u202egnp \ud800") == "\\x1b[31mred\\x9b \\u202egnp \\ud800"


def test_line_breaks_become_spaces_in_one_line():
    assert one_line("a\n  b\r\nc") == "a b c"


def test_amounts_agree_in_number():
    assert [amount(count, "line") for count in (0, 1, 2000)] == ["0 lines", "1 line", "2,000 lines"]


def test_an_exception_group_is_told_with_its_members():
    inner = ExceptionGroup("two of them", [KeyError("a"), TimeoutError()])
    assert told(ExceptionGroup("all", [OSError("no disk"), inner])).splitlines() == [
        "all:",
        "  OSError: no disk",
        "  two of them:",
        "    KeyError: 'a'",
        "    TimeoutError",
    ]
