"""`plugbus publish` as a process: memory, terminals, pipes and signals."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys

import pytest


LINE = json.dumps({"type": "item.sold", "payload": {"name": "teapot", "cents": 2400}}) + "\n"

# RUSAGE_CHILDREN is the most that any child ever took, so each measurement has a parent of its own.
PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak_kilobytes(folder, count, *arguments, piped=False):
    file = folder.path / "events.jsonl"
    file.write_text(LINE * count)
    command = [*folder.program, "publish", "-" if piped else file.name, *arguments]
    with subprocess.Popen(["cat", file], stdout=subprocess.PIPE) as cat:
        done = subprocess.run(
            [sys.executable, "-c", PEAK, *command],
            cwd=folder.path,
            env=folder.environment(),
            stdin=cat.stdout if piped else None,
            stdout=subprocess.PIPE,
            check=True,
        )
        cat.stdout.close()
    return int(done.stdout)


@pytest.mark.parametrize("piped", [False, True], ids=["file", "pipe"])
def test_a_hundred_times_the_lines_need_no_more_memory(shop, piped):
    few = peak_kilobytes(shop, 2_000, "--app", "shop:bus", piped=piped)
    many = peak_kilobytes(shop, 200_000, "--app", "shop:bus", piped=piped)
    assert many < few * 1.1


def test_a_trail_needs_no_more_memory_once_its_buffer_and_the_cache_of_its_file_are_full(folder):
    (folder.path / "plugbus.toml").write_text("[plugins.audit]\nbuffer_size = 500\n")
    few = peak_kilobytes(folder, 50_000)
    many = peak_kilobytes(folder, 150_000)
    assert many - few < 20_000  # less than 200 bytes for each of 100,000 more events: none of them was kept


def on_terminal(folder, *arguments):
    """Run with stderr on a terminal; return what it showed there and what went to stdout."""
    ours, theirs = pty.openpty()
    process = folder.start(*arguments, stdin=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux's way to say that the other side is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    out, _ = process.communicate(timeout=60)
    return shown.decode(), out.decode(), process.returncode


def test_on_a_terminal_a_bar_shows_how_far_it_is(shop):
    (shop.path / "events.jsonl").write_text(LINE * 20_000)
    shown, out, code = on_terminal(shop, "publish", "events.jsonl", "--app", "shop:bus")
    assert code == 0
    assert "100%" in shown
    assert "20,000 events" in shown
    assert "\x1b" not in out


def test_bad_lines_stand_above_the_bar(shop):
    (shop.path / "events.jsonl").write_text(LINE * 5_000 + "[nonsense]\n" + LINE * 5_000)
    shown, _, code = on_terminal(shop, "publish", "events.jsonl", "--app", "shop:bus")
    assert code == 1
    assert "events.jsonl:5001: expected one JSON object, got invalid JSON" in shown


def test_without_a_terminal_there_is_no_bar(shop):
    (shop.path / "events.jsonl").write_text(LINE * 1_000)
    assert shop.run("publish", "events.jsonl", "--app", "shop:bus").err == ""


@pytest.fixture
def teller(folder):
    """An application that says on stdout when an event has arrived."""
    folder.write(
        "app.py",
        """
        from plugbus import EventBus

        bus = EventBus()

        @bus.on("item.sold")
        def tell(event):
            print("arrived", flush=True)
        """,
    )
    return folder


def test_what_handlers_print_goes_to_stdout_although_there_is_a_bar(teller):
    (teller.path / "events.jsonl").write_text(LINE * 10)
    shown, out, _ = on_terminal(teller, "publish", "events.jsonl", "--app", "app:bus")
    assert out.count("arrived") == 10
    assert "arrived" not in shown


def test_ctrl_c_while_waiting_for_input_tells_what_was_done(teller):
    with teller.start("publish", "-", "--app", "app:bus", "--format", "json") as process:
        process.stdin.write(LINE.encode() * 3)
        process.stdin.flush()
        for _ in range(3):
            assert process.stdout.readline() == b"arrived\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(out)["published"] == 3
    assert json.loads(out)["interrupted"] is True
    assert b"Traceback" not in err


def test_ctrl_c_in_the_middle_of_a_file_tells_what_was_done(teller):
    (teller.path / "events.jsonl").write_text(LINE * 1_000_000)
    with teller.start("publish", "events.jsonl", "--app", "app:bus", "--format", "json") as process:
        assert process.stdout.readline() == b"arrived\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    counts = json.loads(out[out.index(b"{") :])
    assert 1 <= counts["published"] < 1_000_000
    assert counts["published"] == out.count(b"arrived") + 1
    assert b"Traceback" not in err


def test_a_second_ctrl_c_ends_a_handler_that_blocks(folder):
    folder.write(
        "app.py",
        """
        import threading
        from plugbus import EventBus

        bus = EventBus()

        @bus.on("item.sold")
        def hang(event):
            print("hanging", flush=True)
            while True:
                threading.Event().wait(1)
                print("still hanging", flush=True)
        """,
    )
    with folder.start("publish", "-", "--app", "app:bus") as process:
        process.stdin.write(LINE.encode())
        process.stdin.flush()
        assert process.stdout.readline() == b"hanging\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == b"still hanging\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"<stdin>: 1 line" in out
    assert b"Traceback" not in err


def test_a_reader_that_goes_away_is_no_traceback(shop):
    (shop.path / "events.jsonl").write_text(LINE * 100 + "nonsense\n" * 20_000)
    for pipe in ("2>/dev/null | head -1", "2>&1 | head -1", ">&-"):
        command = f"{' '.join(shop.program)} publish events.jsonl --app shop:bus {pipe}"
        done = subprocess.run(
            command, shell=True, cwd=shop.path, env=shop.environment(), capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stdout + done.stderr
        assert "Exception ignored" not in done.stderr


def test_a_pipe_that_is_given_as_a_file_is_read(shop):
    os.mkfifo(shop.path / "pipe")
    with shop.start("publish", "pipe", "--app", "shop:bus", "--format", "json") as process:
        (shop.path / "pipe").write_text(LINE * 10)
        out, _ = process.communicate(timeout=60)
    assert json.loads(out)["published"] == 10


def test_timers_of_the_application_run_while_sync_handlers_keep_the_loop_busy(folder):
    folder.write(
        "app.py",
        """
        import asyncio
        from plugbus import EventBus

        bus = EventBus()
        turns, tasks = 0, []

        async def tick():
            global turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        @bus.on("item.sold", once=True)
        async def start(event):
            tasks.append(asyncio.create_task(tick()))

        @bus.on("run.ended")
        def tell(event):
            print(f"turns: {turns}")
        """,
    )
    (folder.path / "events.jsonl").write_text(LINE * 20_000 + '{"type": "run.ended"}\n')
    done = folder.run("publish", "events.jsonl", "--app", "app:bus")
    turns = int(done.out.split("turns: ")[1].split()[0])
    assert turns > 10
