from __future__ import annotations

import pytest


def refuse():
    raise ConnectionRefusedError("nobody listens")


def test_a_server_that_is_there_is_returned_as_it_was_opened(require_service):
    assert require_service("Redis", lambda: "connection") == "connection"


def test_a_test_without_its_server_is_skipped_with_the_reason(require_service, monkeypatch):
    monkeypatch.delenv("PLUGBUS_REQUIRE_SERVICES", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"Redis .* absent: ConnectionRefusedError: nobody listens"):
        require_service("Redis", refuse)


def test_a_test_without_its_server_fails_where_all_servers_are_promised(require_service, monkeypatch):
    monkeypatch.setenv("PLUGBUS_REQUIRE_SERVICES", "1")
    with pytest.raises(pytest.fail.Exception, match="Redis is needed and absent"):
        require_service("Redis", refuse)
