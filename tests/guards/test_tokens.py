"""JSON Web Tokens: what is accepted, and above all what is not."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import datetime as dt
import http.server
import json
import logging
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from plugbus.errors import ConfigurationError
from plugbus_guards.errors import AuthenticationRequired
from plugbus_guards.tokens import keys as keys_module
from plugbus_guards.tokens.parsing import BadToken, parse
from plugbus_guards.tokens.settings import TokenSettings
from plugbus_guards.tokens.verifier import TokenVerifier


NOW = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
EPOCH = int(NOW.timestamp())
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
CLAIMS = {"sub": "7", "iss": "https://id.example", "aud": "shop", "exp": EPOCH + 60, "roles": ["admin"], "scope": "a b"}


def jwk_of(key, kid="one", **more):
    algorithm = (
        jwt.algorithms.ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else jwt.algorithms.RSAAlgorithm
    )
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, **more}


def token_of(key=KEY, kid="one", algorithm="RS256", headers=(), without=(), **claims):
    made = {name: value for name, value in (CLAIMS | claims).items() if name not in without}
    named = {"kid": kid} if kid is not None else {}
    return jwt.PyJWS().encode(json.dumps(made).encode(), key, algorithm, headers={**named, **dict(headers)})


def part(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """A server with keys, on this machine: it can be slow, down, or say anything."""

    def __init__(self):
        self.keys = [jwk_of(KEY)]
        self.body = None
        self.status = 200
        self.wait = 0.0
        self.asked = 0
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.asked += 1
                time.sleep(issuer.wait)
                body = issuer.body if issuer.body is not None else json.dumps({"keys": issuer.keys}).encode()
                self.send_response(issuer.status)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def issuer():
    made = Issuer()
    yield made
    made.close()


class Clock:
    def __init__(self):
        self.at = 1000.0

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def verifier(issuer, clock, tmp_path):
    def make(now=lambda: NOW, **more):
        settings = {"issuer": "https://id.example", "audience": ("shop",), "jwks": issuer.url, **more}
        return TokenVerifier(TokenSettings(**settings), tmp_path, now, clock)

    return make


def reason(verifier, token):
    with pytest.raises(AuthenticationRequired) as caught:
        verifier.principal_sync(token)
    assert caught.value.headers() == {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return caught.value.reason


def test_a_token_says_who_acts(verifier):
    principal = verifier().principal_sync(token_of(email_verified=True))
    assert (principal.id, principal.roles, principal.scopes) == ("7", {"admin"}, {"a", "b"})
    assert principal.claims["email_verified"] is True
    assert principal.expires_at == NOW + dt.timedelta(seconds=90)


async def test_the_same_from_async_code(verifier):
    assert (await verifier().principal(token_of())).id == "7"


def test_algorithms_with_elliptic_curves_are_accepted_too(verifier, issuer):
    key = ec.generate_private_key(ec.SECP256R1())
    issuer.keys = [jwk_of(key, "curve")]
    assert verifier().principal_sync(token_of(key, "curve", "ES256")).id == "7"


# --- attacks


def test_no_algorithm_is_none(verifier):
    for name in ("none", "None", "NONE", ""):
        token = f"{part({'alg': name, 'kid': 'one'})}.{part(CLAIMS)}."
        assert "three parts" in reason(verifier(), token)
        signed = f"{part({'alg': name, 'kid': 'one'})}.{part(CLAIMS)}.{part(b'x')}"
        assert "algorithm that is not accepted" in reason(verifier(), signed)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_public_key_is_no_secret(verifier, algorithm):
    import hashlib
    import hmac

    signed = f"{part({'alg': algorithm, 'kid': 'one', 'typ': 'JWT'})}.{part(CLAIMS)}"
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    token = f"{signed}.{part(hmac.new(PUBLIC, signed.encode(), digest).digest())}"
    assert "algorithm that is not accepted" in reason(verifier(), token)


def test_an_algorithm_with_one_key_cannot_be_configured():
    for name in ("HS256", "none", "RS1"):
        with pytest.raises(ValueError, match="algorithms are of"):
            TokenSettings(issuer="i", audience=("a",), jwks="j", algorithms=(name,))


def test_the_algorithm_has_to_be_that_of_the_key(verifier, issuer):
    issuer.keys = [jwk_of(KEY, alg="RS256")]
    assert reason(verifier(algorithms=("RS256", "RS512")), token_of(algorithm="RS512"))


@pytest.mark.parametrize(
    "kid",
    ["../../etc/passwd", "/dev/null", "' OR '1'='1", "one; DROP TABLE keys", "http://evil.example/jwks", "\x00", "One"],
)
def test_the_name_of_a_key_is_looked_up_and_nothing_else(verifier, issuer, kid):
    assert "no key of the name" in reason(verifier(), token_of(kid=kid))
    assert issuer.asked == 1


@pytest.mark.parametrize("kid", [7, ["one"], "", "x" * 300, {}], ids=["number", "list", "empty", "long", "table"])
def test_the_name_of_a_key_is_a_short_text(verifier, kid):
    token = f"{part({'alg': 'RS256', 'kid': kid})}.{part(CLAIMS)}.{part(b'x')}"
    assert "name of the token's key" in reason(verifier(), token)


@pytest.mark.parametrize(
    "header",
    [{"jku": "http://evil.example"}, {"jwk": jwk_of(OTHER)}, {"x5u": "http://evil.example"}],
    ids=lambda h: next(iter(h)),
)
def test_a_key_that_the_token_brings_along_counts_nothing(verifier, header):
    assert "signature" in reason(verifier(), token_of(OTHER, headers=header))


def test_a_token_without_a_key_s_name_is_accepted_if_there_is_but_one(verifier, issuer):
    assert verifier().principal_sync(token_of(kid=None)).id == "7"
    issuer.keys = [jwk_of(KEY), jwk_of(OTHER, "two")]
    assert "no key of the name" in reason(verifier(), token_of(kid=None))


def test_a_signature_of_another_key_does_not_fit(verifier):
    assert "signature" in reason(verifier(), token_of(OTHER))
    head, _, signature = token_of().split(".")
    forged = part(CLAIMS | {"roles": ["root"]})
    assert "signature" in reason(verifier(), f"{head}.{forged}.{signature}")


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"aud": "other"}, "another audience"),
        ({"aud": []}, ""),
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"iss": ["https://id.example"]}, ""),
        ({"exp": EPOCH - 30}, "has expired"),
        ({"nbf": EPOCH + 31}, "does not hold yet"),
        ({"iat": EPOCH + 31}, "does not hold yet"),
        ({"exp": "soon"}, ""),
        ({"exp": True}, "a time in the token is none"),
        ({"nbf": "x"}, "a time in the token is none"),
        ({"exp": 1e300}, ""),
        ({"sub": ""}, "does not say who acts"),
    ],
    ids=str,
)
def test_claims_that_do_not_hold_are_refused(verifier, claims, told):
    assert told in reason(verifier(), token_of(**claims))


@pytest.mark.parametrize("missing", ["exp", "iss", "aud", "sub"])
def test_a_token_lacks_none_of_the_four(verifier, missing):
    assert "lacks one of" in reason(verifier(), token_of(without=(missing,)))


@pytest.mark.parametrize(("exp", "accepted"), [(EPOCH - 29, True), (EPOCH - 30, False)])
def test_the_leeway_ends_on_the_second(verifier, exp, accepted):
    if accepted:
        assert verifier().principal_sync(token_of(exp=exp)).id == "7"
    else:
        assert "has expired" in reason(verifier(), token_of(exp=exp))


@pytest.mark.parametrize(
    "body",
    [
        b'{"sub":"7","sub":"8","iss":"https://id.example","aud":"shop","exp":%d}' % (EPOCH + 60),
        b'{"sub":"7","iss":"https://id.example","aud":"shop","exp":%d,"a":{"b":1,"b":2}}' % (EPOCH + 60),
        b'{"sub":"7","exp":NaN}',
        b'{"sub":"7","exp":1e999}',
        b"[1]",
        b"\xff",
        b"{" * 5000,
    ],
    ids=["twice", "twice inside", "NaN", "infinite", "list", "no utf-8", "deep"],
)
def test_what_is_said_twice_or_is_no_json_is_refused(verifier, body):
    token = f"{part({'alg': 'RS256', 'kid': 'one'})}.{part(body)}.{part(b'x')}"
    reason(verifier(), token)


def test_a_header_that_says_something_twice_is_refused(verifier):
    header = part(b'{"alg":"none","alg":"RS256","kid":"one"}')
    assert "twice" in reason(verifier(), f"{header}.{part(CLAIMS)}.{part(b'x')}")


@pytest.mark.parametrize(
    "token",
    ["", "x", "a.b", "a.b.c.d", "a.b.c", "ä.b.c", None, 7, b"a.b.c", token_of() + "=", token_of() + "\n",
     " " + token_of(), token_of().replace(".", "..")],
    ids=range(13),
)  # fmt: skip
def test_what_is_no_token_is_refused(verifier, token):
    reason(verifier(), token)


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"b64": False}, {"typ": "JWE"}, {"typ": 7}], ids=str)
def test_extensions_and_other_types_are_refused(verifier, header):
    token = f"{part({'alg': 'RS256', 'kid': 'one', **header})}.{part(CLAIMS)}.{part(b'x')}"
    reason(verifier(), token)


def test_a_token_has_an_end(verifier, issuer):
    assert "at most 16384 characters" in reason(verifier(), token_of(x="y" * 20_000))
    assert issuer.asked == 0
    with pytest.raises(BadToken):
        parse("a." * 10_000_000, 1000)


def test_bits_behind_the_end_of_base64_do_not_make_another_token():
    with pytest.raises(BadToken, match="base64url"):
        parse(f"{part({'alg': 'RS256', 'kid': 'o'})}.{part({})}.AB", 1000)


# --- keys


def test_keys_are_fetched_once_and_then_known(verifier, issuer):
    made = verifier()
    for _ in range(5):
        made.principal_sync(token_of())
    assert issuer.asked == 1


def test_an_unknown_key_gives_one_fetch_in_30_seconds_else_a_denial(verifier, issuer, clock):
    made = verifier()
    made.principal_sync(token_of())
    for number in range(50):
        reason(made, token_of(kid=f"unknown {number}"))
    assert issuer.asked == 1  # the first fetch was less than 30 s ago
    clock.at += 30
    for number in range(50):
        reason(made, token_of(kid=f"unknown {number}"))
    assert issuer.asked == 2


def test_keys_are_rotated_while_requests_run(verifier, issuer, clock):
    made = verifier()
    failed, accepted, stopped = [], [], threading.Event()

    def ask(key, kid):
        while not stopped.is_set():
            try:
                accepted.append(made.principal_sync(token_of(key, kid)).id)
            except AuthenticationRequired as error:
                failed.append((kid, error.reason))
            time.sleep(0.001)

    threads = [threading.Thread(target=ask, args=args) for args in ((KEY, "one"), (KEY, "one"), (OTHER, "two"))]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    assert {kid for kid, _ in failed} == {"two"}
    issuer.keys = [jwk_of(KEY), jwk_of(OTHER, "two")]
    clock.at += 31
    time.sleep(0.2)
    seen = len(failed)
    time.sleep(0.1)
    stopped.set()
    for thread in threads:
        thread.join()
    assert len(failed) == seen
    assert {kid for kid, _ in failed} == {"two"}
    assert issuer.asked <= 3


def test_a_key_that_was_taken_away_is_not_accepted_any_more(verifier, issuer, clock):
    made = verifier()
    made.principal_sync(token_of())
    issuer.keys = [jwk_of(OTHER, "two")]
    clock.at += keys_module.REFRESH
    assert "no key of the name" in reason(made, token_of())


@pytest.mark.parametrize(
    ("trouble", "value"),
    [
        ("status", 500), ("status", 302), ("body", b"nothing"), ("body", b'{"keys": []}'), ("body", b'{"keys": 7}'),
        ("body", b"[]"), ("body", b"x" * 2_000_000), ("keys", [{"kty": "oct", "k": "AAAA", "kid": "one"}]),
        ("keys", [jwk_of(KEY, use="enc")]),
        ("keys", [7, None]), ("keys", [{"kty": "RSA", "kid": "one", "n": "!", "e": "!"}]),
        ("keys", [jwk_of(rsa.generate_private_key(public_exponent=65537, key_size=1024))]),
        ("keys", [jwk_of(KEY)] * 101),
    ],
    ids=range(13),
)  # fmt: skip
def test_a_server_of_keys_that_is_broken_denies_and_the_last_good_keys_serve_an_hour(
    verifier, issuer, clock, trouble, value, caplog
):
    fresh = verifier()
    made = verifier()
    made.principal_sync(token_of())
    setattr(issuer, trouble, value)
    assert "cannot be fetched" in reason(fresh, token_of())
    clock.at += keys_module.LAST_GOOD - 1
    assert made.principal_sync(token_of()).id == "7"
    clock.at += 1
    assert "cannot be fetched" in reason(made, token_of())
    assert "the keys of the issuer cannot be fetched" in caplog.text


def test_a_server_that_is_down_denies(verifier, issuer):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/jwks"
        assert "cannot be fetched" in reason(verifier(jwks=url), token_of())


def test_a_server_that_is_slow_denies_in_time(verifier, issuer):
    issuer.wait = 1.0
    assert "cannot be fetched" in reason(verifier(timeout=0.1), token_of())


async def test_the_loop_goes_on_while_keys_are_fetched(verifier, issuer):
    issuer.wait = 0.3
    ticks = []

    async def tick():
        while True:
            ticks.append(1)
            await asyncio.sleep(0.01)

    ticking = asyncio.create_task(tick())
    await verifier().principal(token_of())
    ticking.cancel()
    assert len(ticks) > 3


def test_keys_may_lie_in_a_file(verifier, tmp_path):
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [jwk_of(KEY)]}))
    assert verifier(jwks="keys.json").principal_sync(token_of()).id == "7"


@pytest.mark.parametrize(
    "url",
    [
        "http://id.example/jwks",
        "ftp://id.example",
        "https://",
        "https://name:hunter2@id.example",
        "http://127.0.0.1.evil.example/",
    ],
)
def test_keys_are_fetched_over_tls_or_from_this_machine(site, url):
    table = '[plugins.guards.tokens]\nissuer = "i"\naudience = ["a"]\njwks = '
    with pytest.raises(ConfigurationError) as caught:
        site(f'{table}"{url}"\n')
    assert caught.value.exceptions[0].line == 5
    assert "hunter2" not in str(caught.value.exceptions[0].message)


# --- secrecy, and the service


def test_no_token_is_in_a_log_or_an_error(verifier, issuer, caplog):
    with caplog.at_level(logging.DEBUG):
        for token in (token_of(OTHER), token_of(kid="x"), token_of(aud="x"), token_of(exp=1), token_of() + "x"):
            with pytest.raises(AuthenticationRequired) as caught:
                verifier().principal_sync(token)
            error = caught.value
            assert error.__suppress_context__ or error.__context__ is None
            shown = f"{error} {error!r} {error.problem()} {error.__cause__}"
            for segment in token.split("."):
                assert segment not in shown
                assert segment not in caplog.text


def test_the_service_makes_principals_of_tokens(site, issuer):
    made = site(f'[plugins.guards.tokens]\nissuer = "https://id.example"\naudience = ["shop"]\njwks = "{issuer.url}"\n')
    assert made.guards.authenticate_sync(token_of()).id == "7"
    assert asyncio.run(made.guards.authenticate(token_of())).id == "7"
    made.clock.advance(90)
    with pytest.raises(AuthenticationRequired):
        made.guards.authenticate_sync(token_of())


# --- a provider that is not ours


@pytest.fixture(scope="session")
def provider(require_service):
    """An identity provider, started once in a run of the tests."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("oidc-provider-mock")
    process = subprocess.Popen(
        [program, "--port", str(port), "--user-claims", '{"sub": "ada", "email": "ada@example.org"}'],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ,
    )  # fmt: skip

    where = f"http://localhost:{port}/.well-known/openid-configuration"

    def answered():
        for _ in range(200):
            try:
                with urllib.request.urlopen(where, timeout=5) as answer:
                    return json.load(answer)
            except OSError:
                time.sleep(0.05)
        raise TimeoutError("the provider did not start")

    try:
        yield require_service("oidc-provider-mock", answered)
    finally:
        process.terminate()
        process.wait()


def id_token(provider, sub):
    """Walk through the code flow as a browser and an application do."""
    redirect = "http://localhost:1/callback"
    query = urllib.parse.urlencode(
        {"client_id": "shop", "redirect_uri": redirect, "response_type": "code", "scope": "openid email", "state": "s"}
    )

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args):
            return None

    form = urllib.parse.urlencode({"sub": sub}).encode()
    try:
        urllib.request.build_opener(Stay).open(f"{provider['authorization_endpoint']}?{query}", form, timeout=10)
    except urllib.error.HTTPError as found:
        location = found.headers["Location"]
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(location).query)["code"][0]
    body = urllib.parse.urlencode(
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "client_id": "shop",
            "client_secret": "x",
        }
    ).encode()
    with urllib.request.urlopen(provider["token_endpoint"], body, timeout=10) as answer:
        return json.load(answer)["id_token"]


def test_a_token_of_another_s_provider_is_accepted_by_its_audience_alone(provider, tmp_path):
    token = id_token(provider, "ada")
    known = {"issuer": provider["issuer"], "jwks": provider["jwks_uri"]}
    right = TokenVerifier(TokenSettings(audience=("shop",), **known), tmp_path, lambda: dt.datetime.now(dt.UTC))
    assert right.principal_sync(token).id == "ada"
    wrong = TokenVerifier(TokenSettings(audience=("bank",), **known), tmp_path, lambda: dt.datetime.now(dt.UTC))
    assert "another audience" in reason(wrong, token)
    late = TokenVerifier(
        TokenSettings(audience=("shop",), **known), tmp_path, lambda: dt.datetime.now(dt.UTC) + dt.timedelta(days=30)
    )
    assert "has expired" in reason(late, token)
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token)
