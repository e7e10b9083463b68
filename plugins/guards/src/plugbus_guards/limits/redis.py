"""Moving windows on Redis, for several processes: one script, by the server's own time."""

from __future__ import annotations

import asyncio
import uuid
from functools import cached_property
from typing import Any

from plugbus.errors import DefinitionError
from plugbus_guards.limits.window import Window, Windows


__all__ = ("RedisWindows",)

# How long one answer may take, in seconds: less than guards have.
_TIMEOUT = 1.0

# KEYS: the window. ARGV: its length in microseconds, its limit, the member to add, empty to look only.
# Returns in how many microseconds there is room, 0 if there is.
_SCRIPT = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local length, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local taken = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if taken[2] and tonumber(taken[2]) > now then now = tonumber(taken[2]) end
local gone = now - length
local count = redis.call('ZCOUNT', KEYS[1], '(' .. string.format('%.0f', gone), '+inf')
if count >= limit then
    local first = redis.call('ZREVRANGE', KEYS[1], limit - 1, limit - 1, 'WITHSCORES')
    return math.max(tonumber(first[2]) + length - now, 1)
end
if ARGV[3] ~= '' then
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', gone))
    redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[3])
    redis.call('PEXPIRE', KEYS[1], math.ceil(length / 1000) + 1000)
end
return 0
"""


class RedisWindows(Windows):
    """
    Moving windows on a server.

    Args:
        url: Its address; may hold a password, and is not shown.
        prefix: What all keys begin with.

    Raises:
        DefinitionError: If redis-py is not installed.
    """

    is_async = True

    def __init__(self, url: str, prefix: str = "plugbus:guards:") -> None:
        try:
            import redis
        except ImportError:
            raise DefinitionError('rates on Redis need redis-py: pip install "plugbus-guards[redis]"') from None
        self._redis = redis
        self._url = url.replace("valkey", "redis", 1) if url.startswith("valkey") else url
        self._prefix = prefix

    @cached_property
    def _client(self) -> Any:
        # A sync client, used in threads: it serves whatever loops there are, one after another or side by side.
        return self._redis.Redis.from_url(
            self._url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT, protocol=2
        )

    async def peek(self, window: Window, now: float) -> float:
        return await asyncio.to_thread(self._run, window, "")

    async def take(self, window: Window, now: float) -> float:
        return await asyncio.to_thread(self._run, window, uuid.uuid4().hex)

    def _run(self, window: Window, member: str) -> float:
        length = max(1, round(window.seconds * 1_000_000))
        answer: Any = self._client.eval(_SCRIPT, 1, self._prefix + window.key, length, window.limit, member)
        return int(answer) / 1_000_000

    def close(self) -> None:
        client = vars(self).pop("_client", None)
        if client is not None:
            client.close()
