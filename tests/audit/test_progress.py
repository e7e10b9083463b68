"""What takes long shows on a terminal how far it has come."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading

import pytest


@pytest.mark.parametrize(
    "command", ["search --text nothing", "stats", "export -o events.jsonl", "replay --dry-run", "verify"]
)
def test_a_bar_moves_on_a_terminal(configuration, fill, record, command):
    fill(*(record(number) for number in range(2_500)))
    ours, theirs = pty.openpty()
    shown = []

    def read():
        try:
            while chunk := os.read(ours, 65536):
                shown.append(chunk)
        except OSError:
            pass  # the other side is closed

    reader = threading.Thread(target=read)
    reader.start()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PLUGBUS_", "NO_COLOR"))}
    done = subprocess.run(
        [sys.executable, "-m", "plugbus", "audit", *command.split()],
        cwd=configuration.parent,
        env={**environment, "TERM": "xterm-256color"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        timeout=60,
        check=False,
    )
    os.close(theirs)
    reader.join(10)
    os.close(ours)
    text = b"".join(shown).decode()
    assert done.returncode in (0, 1), text
    assert "audit.db" in text
    assert "100%" in text
    assert "\x1b[" not in done.stdout.decode()
