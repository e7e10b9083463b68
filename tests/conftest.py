"""What all tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import TypeVar

import pytest


T = TypeVar("T")

# A shell starts what runs in the background with Ctrl-C ignored, and programs that tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def require_service() -> Callable[[str, Callable[[], T]], T]:
    """
    A function that opens something on a server: `require_service("Redis", lambda: socket.create_connection(address))`.

    A tool that is no server is asked for in the same way. It returns what the opener returns. If the opener raises, the
    server is absent: the test is skipped with the reason, or fails where PLUGBUS_REQUIRE_SERVICES=1 promises that every
    server is there.
    """

    def require(name: str, opener: Callable[[], T]) -> T:
        try:
            return opener()
        except Exception as error:
            reason = f"{name} is needed and absent: {type(error).__name__}: {error}"
            if os.environ.get("PLUGBUS_REQUIRE_SERVICES") == "1":
                pytest.fail(reason)
            pytest.skip(reason)

    return require
