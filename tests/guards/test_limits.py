"""Rates: true moving windows, in memory and on Redis."""

from __future__ import annotations

import asyncio
import random
import shutil
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugbus import Event
from plugbus.errors import ConfigurationError
from plugbus_guards import Principal, as_principal
from plugbus_guards.errors import PermissionDenied, RateLimited, ValidationFailed
from plugbus_guards.guards.rate_limit import address_of
from plugbus_guards.limits.memory import MemoryWindows
from plugbus_guards.limits.redis import RedisWindows
from plugbus_guards.limits.window import Full, Window


def happened(type="order.placed", **payload):
    return Event(type=type, payload=payload)


def rule(settings, events='["order.*"]', more=""):
    return f'[[plugins.guards.rules]]\nevents = {events}\nall = [{more}{{guard = "rate_limit", {settings}}}]\n'


def count(made, principal="7", times=1, **event):
    allowed = 0
    with as_principal(Principal(id=principal)):
        for _ in range(times):
            try:
                made.bus.publish_sync(happened(**event))
                allowed += 1
            except RateLimited:
                pass
    return allowed


# --- the window


@given(st.lists(st.floats(0, 5), max_size=60), st.integers(1, 5), st.floats(0.1, 10))
def test_in_any_stretch_of_time_there_are_no_more_than_the_limit(pauses, limit, seconds):
    windows, now, taken = MemoryWindows(), 1000.0, []
    window = Window("key", limit, seconds)
    for pause in pauses:
        now += pause
        wait = windows.peek(window, now)
        assert (windows.take(window, now) == 0) is (wait == 0)
        if wait == 0:
            taken.append(now)
    for start in taken:
        assert sum(start <= one < start + seconds for one in taken) <= limit


@given(st.lists(st.floats(0, 5), max_size=60), st.integers(1, 5))
def test_there_is_room_when_the_window_says_so_and_not_before(pauses, limit):
    windows, now = MemoryWindows(), 1000.0
    window = Window("key", limit, 10.0)
    for pause in pauses:
        now += pause
        wait = windows.take(window, now)
        if wait:
            assert windows.peek(window, now + wait - 0.01) > 0
            assert windows.peek(window, now + wait + 0.001) == 0


def test_a_clock_that_is_set_back_opens_no_window():
    windows, window = MemoryWindows(), Window("key", 2, 10.0)
    assert [windows.take(window, at) for at in (1000.0, 1000.0)] == [0, 0]
    assert windows.take(window, 500.0) > 0
    assert windows.take(window, 1009.9) > 0
    assert windows.take(window, 1010.0) == 0


def test_memory_is_bounded_and_whoever_is_too_many_is_not_let_in():
    windows = MemoryWindows(max_keys=100)
    for number in range(100):
        assert windows.take(Window(f"key {number}", 1, 10.0), 1000.0) == 0
    with pytest.raises(Full):
        windows.take(Window("one more", 1, 10.0), 1005.0)
    assert windows.take(Window("key 5", 1, 10.0), 1005.0) > 0
    assert windows.take(Window("one more", 1, 10.0), 1010.0) == 0
    assert len(windows) == 1


def test_what_is_remembered_of_all_keys_together_is_bounded():
    windows = MemoryWindows(max_times=50)
    window = Window("key", 100, 10.0)
    for _ in range(50):
        assert windows.take(window, 1000.0) == 0
    with pytest.raises(Full):
        windows.take(window, 1000.0)
    assert windows.take(window, 1010.0) == 0


def test_threads_take_no_more_than_the_limit():
    windows, window = MemoryWindows(), Window("key", 500, 1000.0)
    taken = []

    def take():
        taken.extend(windows.take(window, 1000.0) == 0 for _ in range(200))

    threads = [threading.Thread(target=take) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 500


# --- the guard


def test_a_principal_may_publish_so_many_and_another_too(site):
    made = site(rule('limit = 3, per = "1m"'))
    assert count(made, times=5) == 3
    assert count(made, "8", times=5) == 3
    made.clock.advance(59.999)
    assert count(made) == 0
    made.clock.advance(0.001)
    assert count(made, times=5) == 3


def test_the_denial_says_when_to_come_back(site):
    made = site(rule('limit = 1, per = "1m"'))
    made.bus.publish_sync(happened())
    made.clock.advance(20)
    with pytest.raises(RateLimited) as caught:
        made.bus.publish_sync(happened())
    assert caught.value.retry_after == pytest.approx(40)
    assert caught.value.headers() == {"Retry-After": "40"}


def test_by_address_networks_of_ipv6_count_as_one_and_none_is_no_address(site):
    made = site(rule('limit = 1, by = "address", field = "from"'))
    addresses = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1"]
    for address in addresses:
        assert count(made, times=2, **{"from": address}) == 1
    assert count(made, **{"from": "2001:db8::ffff"}) == 0
    assert count(made, **{"from": "::ffff:192.0.2.1"}) == 0
    for nothing in ({}, {"from": None}, {"from": "example.org"}, {"from": 7}):
        with pytest.raises(ValidationFailed):
            made.bus.publish_sync(happened(**nothing))


def test_by_type_all_count_together(site):
    made = site(rule('limit = 2, by = "type"', '["order.*"]'))
    assert count(made, "7", times=1) + count(made, "8", times=2) == 2
    assert count(made, type="order.changed", times=3) == 2


def test_each_rule_counts_by_itself_unless_they_have_one_scope(site):
    made = site(rule("limit = 2") + rule("limit = 2", '["item.*"]'))
    assert count(made, times=3) + count(made, type="item.sold", times=3) == 4
    made = site(rule('limit = 2, scope = "x"') + rule('limit = 2, scope = "x"', '["item.*"]'))
    assert count(made, times=3) + count(made, type="item.sold", times=3) == 2


def test_nothing_is_used_up_by_what_another_guard_or_rule_denies(site):
    made = site(
        rule("limit = 1", more='{guard = "age"}, ') + rule("limit = 1", '["*.placed"]', more='"email_verified", ')
    )
    for claims in ({"birthdate": "2020-01-01", "email_verified": True}, {"birthdate": "1990-01-01"}):
        with as_principal(Principal(id="7", claims=claims)):
            for _ in range(3):
                with pytest.raises(Exception, match="denied"):
                    made.bus.publish_sync(happened())
    with as_principal(Principal(id="7", claims={"birthdate": "1990-01-01", "email_verified": True})):
        made.bus.publish_sync(happened())
        with pytest.raises(RateLimited):
            made.bus.publish_sync(happened())


def test_explaining_and_authorizing_use_nothing_up(site):
    made = site(rule("limit = 1"))
    for _ in range(5):
        assert asyncio.run(made.guards.explain(happened(), Principal(id="7"))).allowed
        with as_principal(Principal(id="7")):
            asyncio.run(made.guards.authorize(happened()))
    assert count(made, times=2) == 1


def test_where_one_of_several_guards_is_enough_an_administrator_uses_nothing_up(site):
    some = 'any = [{guard = "rate_limit", limit = 1, by = "type"}, "admin"]'
    made = site(f'[[plugins.guards.rules]]\nevents = ["order.*"]\n{some}\n')
    with as_principal(Principal(id="1", roles=("admin",))):
        for _ in range(5):
            made.bus.publish_sync(happened())
    assert count(made, times=3) == 1


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("limit = 0", "limit"),
        ("limit = 100001", "limit"),
        ('limit = 1, per = "soon"', "per"),
        ('limit = 1, per = "0s"', "per"),
        ('limit = 1, by = "user"', "by"),
        ('limit = 1, field = "__class__"', "field"),
    ],
)
def test_wrong_settings_stop_the_start(site, settings, told):
    with pytest.raises(ConfigurationError, match="Nothing") as caught:
        site(rule(settings))
    assert f"'{told}'" in str(caught.value)


def test_an_unknown_place_to_count_stops_the_start(site):
    with pytest.raises(ConfigurationError) as caught:
        site('limits = "memcached://host:hunter2@x"\n' + rule("limit = 1"))
    assert "mem:// or redis://" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_addresses_are_those_of_ip():
    assert address_of("2001:DB8::1") == address_of("2001:db8:0:0:1::") == "2001:db8::/64"
    assert address_of("192.0.2.1") == "192.0.2.1"
    assert address_of("192.0.2.1:80") is None


# --- Redis


class Server:
    """A Redis of the test's own."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self):
        program = shutil.which("redis-server")
        if program is None:
            raise FileNotFoundError("redis-server")
        arguments = ["--port", str(self.port), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"]
        self.process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise TimeoutError("redis-server did not start")

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def redis(require_service):
    server = require_service("redis-server", Server)
    yield server
    server.stop()


@pytest.fixture
def own_redis(require_service):
    server = require_service("redis-server", Server)
    yield server
    server.stop()


PROGRAM = """
import sys, time, asyncio, random
from plugbus_guards.limits.redis import RedisWindows
from plugbus_guards.limits.window import Window
url, seed = sys.argv[1:]
windows, window = RedisWindows(url), Window("shared", 20, 0.4)
chance, until = random.Random(int(seed)), time.time() + 2.5
async def main():
    async def ask():
        while time.time() < until:
            before = time.time()
            if await windows.take(window, 0) == 0:
                print(before, time.time())
            await asyncio.sleep(chance.random() * 0.01)
    await asyncio.gather(*(ask() for _ in range(4)))
asyncio.run(main())
windows.close()
"""


def test_two_processes_take_no_more_than_the_limit_in_any_window(redis):
    processes = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, redis.url, str(seed)], stdout=subprocess.PIPE, text=True)
        for seed in (1, 2)
    ]
    taken = []
    for process in processes:
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        lines = [tuple(map(float, line.split())) for line in out.splitlines()]
        assert len(lines) > 10
        taken += lines
    # The server has counted each at some time between the two that were noted: what surely lay in one window.
    for start, _ in taken:
        assert sum(start <= before and after < start + 0.4 for before, after in taken) <= 20
    # And it was no smaller window than that: the limit was used up again and again.
    assert len(taken) >= 20 * 5


async def test_the_window_is_a_true_one(redis):
    windows, window = RedisWindows(redis.url), Window("true", 3, 0.5)
    assert [await windows.take(window, 0) for _ in range(3)] == [0, 0, 0]
    wait = await windows.peek(window, 0)
    assert 0 < wait <= 0.5
    assert 0 < await windows.take(window, 0) <= 0.5
    await asyncio.sleep(wait + 0.02)
    assert await windows.take(window, 0) == 0
    windows.close()


async def test_what_is_kept_on_the_server_goes_by_itself(redis):
    import redis as client

    windows, window = RedisWindows(redis.url, prefix="gone:"), Window("key", 3, 0.2)
    await windows.take(window, 0)
    assert await windows.peek(Window("looked at", 3, 0.2), 0) == 0
    with client.Redis.from_url(redis.url) as connection:
        assert connection.keys("gone:*") == [b"gone:key"]
        assert 0 < connection.pttl("gone:key") <= 1500
    windows.close()


def test_a_rule_counts_on_redis_from_sync_and_async_code(site, redis):
    made = site(f'limits = "{redis.url}"\n' + rule(f'limit = 3, scope = "{random.random()}"'))
    assert count(made, times=2) == 2

    async def more():
        with as_principal(Principal(id="7")):
            await made.bus.publish(happened())
            with pytest.raises(RateLimited):
                await made.bus.publish(happened())

    asyncio.run(more())


@pytest.mark.parametrize("policy", ["deny", "allow"])
def test_when_redis_is_gone_the_policy_of_the_configuration_holds(site, own_redis, policy, caplog):
    made = site(f'limits = "{own_redis.url}"\n' + rule(f'limit = 100, unavailable = "{policy}"'))
    assert count(made) == 1
    own_redis.stop()
    if policy == "allow":
        assert count(made, times=2) == 2
        assert "rates cannot be counted" in caplog.text
    else:
        with pytest.raises(PermissionDenied, match="rates cannot be counted"):
            made.bus.publish_sync(happened())
    own_redis.start()
    assert count(made) == 1


def test_a_server_that_hangs_denies_in_the_time_of_a_guard(site, own_redis):
    import signal

    made = site(f'limits = "{own_redis.url}"\ntimeout = 0.3\n' + rule("limit = 100"))
    assert count(made) == 1
    own_redis.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(PermissionDenied, match="did not decide within"):
            made.bus.publish_sync(happened())
    finally:
        own_redis.process.send_signal(signal.SIGCONT)


def test_without_redis_py_the_error_names_the_extra():
    code = """
        import sys
        sys.modules["redis"] = None
        from plugbus_guards.limits import open_windows
        try:
            open_windows("redis://localhost")
        except Exception as error:
            print(error)
    """
    out = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    ).stdout
    assert 'pip install "plugbus-guards[redis]"' in out


def test_principals_are_counted_apart_whatever_they_are_called(site):
    made = site(rule("limit = 1"))
    names = ["a", "a:b", "a%3Ab", "a b", "*", "a:principal", "a\n"]
    assert Counter(count(made, name, times=2) for name in names) == {1: len(names)}
