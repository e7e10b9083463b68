"""
A program of its own, which imports a plugin and watches what that does. Run by `_process.py`, imported by nobody.

    python -P _probe.py PHASE MODULE CLASS FOLDER

The folder holds what is `given`, pickled, and gets the `report`, as JSON. What is imported before the plugin counts
as known, so the program imports the rest afterwards.
"""

from __future__ import annotations

import os
import sys
import threading
from types import FrameType
from typing import Any


# What Python's audit hooks tell of, by the beginning of its name: https://docs.python.org/3/library/audit_events.html
_OUTSIDE = (
    "fcntl.", "ftplib.", "glob.", "http.client.", "imaplib.", "mmap.", "nntplib.", "open",
    "os.chmod", "os.chown", "os.exec", "os.fork", "os.link", "os.listdir", "os.mkdir", "os.posix_spawn", "os.putenv",
    "os.remove", "os.rename", "os.rmdir", "os.scandir", "os.spawn", "os.startfile", "os.symlink", "os.system",
    "os.truncate", "os.unsetenv", "pathlib.Path.glob", "pathlib.Path.rglob", "poplib.", "pty.", "shutil.", "smtplib.",
    "socket.", "sqlite3.connect", "subprocess.", "syslog.", "telnetlib.", "tempfile.", "urllib.", "webbrowser.",
)  # fmt: skip
# The machinery of imports reads files, and what formats a warning reads its source.
_MACHINERY = ("<frozen importlib", "<frozen zipimport", "linecache.py", "tokenize.py")


class Watch:
    """
    Takes down what reaches out of the process, and the threads that are started, while it is on.

    Attributes:
        seen: What reaches out, and where.
        threads: The threads, and where.
    """

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        self.threads: list[str] = []
        sys.addaudithook(self._hear)
        # Only from Python 3.12 on is there an audit event for this.
        start = threading.Thread.start

        def started(thread: threading.Thread) -> None:
            if self.on:
                self.threads.append(f"thread {thread.name!r}{_where(sys._getframe(1))}")
            start(thread)

        setattr(threading.Thread, "start", started)  # noqa: B010  (mypy takes an assignment for a method's)

    @property
    def done(self) -> list[str]:
        """Everything."""
        return [*self.seen, *self.threads]

    def _hear(self, name: str, arguments: tuple[Any, ...]) -> None:
        if not self.on or not name.startswith(_OUTSIDE):
            return
        frame = sys._getframe(1)
        if any(part in frame.f_code.co_filename for part in _MACHINERY):
            return
        self.on = False  # looking at it may reach out as well
        what = ", ".join(repr(argument)[:80] for argument in arguments[:1])
        self.seen.append(f"{name}({what}){_where(frame)}")
        self.on = True


def _where(frame: FrameType) -> str:
    """Say where the plugin, or what it imports, does something: the first line outside of the standard library."""
    while frame.f_back is not None and _is_stdlib(frame.f_code.co_filename):
        frame = frame.f_back
    return f" in {frame.f_code.co_filename}:{frame.f_lineno}"


def _is_stdlib(file: str) -> bool:
    return file.startswith((os.path.dirname(os.__file__), "<frozen")) and "site-packages" not in file  # noqa: PTH120


def import_(module: str) -> dict[str, Any]:
    """Import the module; report what that loads and what else it does."""
    import importlib

    import plugbus.codec  # what plugbus needs for its own modules is not the plugin's doing
    import plugbus.plugins  # noqa: F401

    watch = Watch()
    signals = _signals()
    known = set(sys.modules)
    watch.on = True
    importlib.import_module(module)
    watch.on = False
    loaded = [name for name in set(sys.modules) - known if name.partition(".")[0] != "plugbus"]
    changed = [f"signal handler of {name}" for name, handler in _signals().items() if signals.get(name) != handler]
    return {"loaded": sorted(loaded), "done": [*watch.done, *changed]}


def construct(plugin: Any, settings: dict[str, Any], name: str) -> dict[str, Any]:
    """Construct the plugin on a running loop; report what that does."""
    import asyncio
    from pathlib import Path

    from plugbus.hookspecs import HookContext
    from plugbus.plugins._plugin import settings_class
    from plugbus.testing._building import read_settings

    watch = Watch()
    cls = settings_class(plugin)
    read = read_settings(cls, settings, name, Path())[0] if cls is not None else None

    async def make() -> list[str]:
        watch.on = True
        plugin(read, HookContext(name, None, Path()))
        watch.on = False
        others = asyncio.all_tasks() - {asyncio.current_task()}
        return [f"task {task.get_name()!r} of {task.get_coro()!r}" for task in others]

    tasks = asyncio.run(make())
    return {"done": [*watch.done, *tasks]}


def flush(plugin: Any, settings: dict[str, Any], name: str) -> dict[str, Any]:
    """Flush the plugin at every time of a bus's life; report the threads that this starts, and what it raises."""
    import asyncio
    import inspect
    import traceback
    from pathlib import Path

    from plugbus.hookspecs import Deadline
    from plugbus.testing._building import build
    from plugbus.testing.contract._samples import publish_all, samples_of

    watch = Watch()
    errors: list[tuple[str, str]] = []
    built = build(plugin, settings, name, Path())
    hook: Any = built.plugin.flush  # type: ignore[attr-defined]
    arguments = (Deadline.after(10.0),) if inspect.signature(hook).parameters else ()

    def call(when: str) -> None:
        watch.on = True
        try:
            hook(*arguments)
            hook(*arguments)
        except Exception:  # noqa: BLE001  (a hook may raise anything)
            errors.append((when, traceback.format_exc()))
        watch.on = False

    async def live() -> None:
        call("before the start")
        await built.bus.start()
        call("after the start")
        await publish_all(built.bus, samples_of(built, ()))
        call("after events")
        try:
            await built.bus.stop()
        except Exception:  # noqa: BLE001  (what hooks raise while a bus is stopped, this raises)
            errors.append(("at the stop", traceback.format_exc()))

    asyncio.run(live())
    call("after the stop, without a loop")
    return {"threads": watch.threads, "errors": errors}


def _signals() -> dict[str, Any]:
    import signal

    return {number.name: signal.getsignal(number) for number in signal.Signals}


def main() -> None:
    """Do what the command line says."""
    phase, module, name, folder = sys.argv[1:]
    report = import_(module) if phase == "import" else None
    import importlib
    import json
    import operator
    import pickle
    from pathlib import Path

    settings, plugin_name = pickle.loads((Path(folder) / "given").read_bytes())  # noqa: S301  (written by `_process`)
    if report is None:
        plugin = operator.attrgetter(name)(importlib.import_module(module))
        report = {"construct": construct, "flush": flush}[phase](plugin, settings, plugin_name)
    (Path(folder) / "report").write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    main()
