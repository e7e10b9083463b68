"""That the benchmarks run and that what they find is shown; not how fast anything is."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
from xml.etree import ElementTree as ET

import attrs
import pytest


@pytest.fixture(scope="module")
def loop():
    with asyncio.Runner() as runner:
        yield runner.get_loop()


@pytest.fixture
def measured(loop):
    """A function that measures a case, with one short turn for each contender."""
    from cases import CASES
    from harness.case import Setting

    def measure(name, *peers):
        (case,) = (case for case in CASES if case.name == name)
        return case.measure(Setting(loop=loop, peers=peers, rounds=1, sample=1_000, quick=True))

    return measure


@pytest.fixture
def run(measured):
    """A run of two cases, with one peer that can do one of them."""
    from harness.run import Run

    peer, participant = a_peer()
    tables = [measured("called", peer), measured("sequential", peer)]
    return Run("3.13.0", "a machine", "0", 1, True, [participant], {"absent_peer": "cannot be imported here"}, tables)


def a_peer(calls=1):
    """A peer that calls sync handlers so many times, and how it takes part."""
    from harness.run import Participant
    from harness.statement import timed
    from peers import Peer

    class Other(Peer):
        name = "other"

        def called(self, kit, count):
            return timed("for handler in handlers: handler(1)", handlers=kit.called(count) * calls)

    return Other(), Participant("other", "1.0", "call(1)", ["isolation"])


def test_the_program_measures_a_case_and_writes_its_files(benchmarks, tmp_path):
    command = [sys.executable, str(benchmarks / "dispatch.py"), "--only", "called", "--rounds", "1", "--no-peers"]
    finished = subprocess.run(
        [*command, "--out", str(tmp_path)], check=False, capture_output=True, text=True, timeout=90
    )
    assert finished.returncode == 0, finished.stderr
    assert "plugbus, correlated" in finished.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"dispatch.json", "dispatch.md", "dispatch.svg"}


@pytest.mark.parametrize("name", ["called-from-async", "concurrent", "async-middleware", "many", "soon", "creation"])
def test_a_case_holds_plugbus_beside_its_baseline(measured, name):
    for row in measured(name).rows:
        assert row.baseline.value == 1
        assert row.figures["plugbus"].value > 0


def test_a_peer_that_cannot_do_a_case_says_so(run):
    called, sequential = run.tables
    assert "other" in called.rows[0].figures
    assert sequential.rows[0].cannot == {"other": "does not await handlers one after the other"}


def test_a_run_is_read_back_as_it_was_written(run, tmp_path):
    from report.files import read_json, write_json

    write_json(run, tmp_path / "run.json")
    assert read_json(tmp_path / "run.json") == run


def test_markdown_has_the_figures_the_promises_and_who_cannot(run):
    from report.markdown import everything

    text = everything(run)
    assert "| 10 handlers | plugbus | µs |" in text
    assert "| other | no | yes |" in text
    assert "- other: does not await handlers one after the other" in text
    assert "cannot be imported here" in text


def test_the_chart_is_an_svg_with_a_bar_for_each_contender(run):
    from report.chart import chart

    root = ET.fromstring(chart(run))
    labels = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert labels.count("plugbus") == 2
    assert labels.count("other") == 1


def test_the_terminal_shows_it(run):
    from rich.console import Console

    from report import terminal

    output = io.StringIO()
    console = Console(file=output, width=120)
    for table in run.tables:
        terminal.show(table, console)
    terminal.summarize(run, console)
    assert "10 handlers" in output.getvalue()
    assert "absent_peer cannot be imported here" in output.getvalue()


def test_the_page_is_written_from_the_runs_that_are_kept(run, tmp_path):
    from report.docs import PAGE, write

    page, picture = tmp_path / "performance.md", tmp_path / "performance.svg"
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    for version in ("3.11.7", "3.13.0"):
        write(attrs.evolve(run, python=version), page, picture, tmp_path / "results")
    text = page.read_text(encoding="utf-8")
    write(attrs.evolve(run, python="3.13.0"), page, picture, tmp_path / "results")
    assert page.read_text(encoding="utf-8") == text
    assert "| case |  | at most | aim | 3.11 | 3.11, correlated | 3.13 | 3.13, correlated |" in text
    assert text.count("<!-- end -->") == PAGE.read_text(encoding="utf-8").count("<!-- end -->")
    assert picture.read_text(encoding="utf-8").startswith("<svg")


def test_every_column_of_the_peers_is_a_case():
    from cases import CASES
    from report.chart import PANELS
    from report.docs import APART, COLUMNS

    names = {case.name for case in CASES}
    assert {case for case, *_ in (*COLUMNS, *PANELS)} | set(APART) <= names


def test_every_peer_takes_part_or_says_why_not():
    from peers._all import MODULES, load

    peers, absent = load()
    assert len(peers) + len(absent) == len(MODULES)
    assert all(reason.startswith("cannot be imported here: ") for reason in absent.values())


def test_a_peer_that_calls_a_handler_twice_is_found_out(loop):
    from peers._check import faults

    once, _ = a_peer()
    twice, _ = a_peer(calls=2)
    assert faults(once, loop) == []
    assert faults(twice, loop) == ["other: called called handlers 16 times, not 8"]


@pytest.mark.parametrize(("value", "verdict"), [(1.0, "aim"), (1.004, "aim"), (1.2, "at most"), (1.21, "missed")])
def test_a_figure_is_judged_as_it_is_shown(value, verdict):
    from harness.outcome import Limits

    assert Limits(1.2, 1.0).judge(value) == verdict
