from __future__ import annotations

import builtins
import json
import logging
import os
import subprocess
import sys

import pytest

from plugbus.errors import MissingExtra
from plugbus_audit import AuditSettings, NoTrail, TrailUnusable, verify
from plugbus_audit.assembly import make_store
from plugbus_audit.checkpoints import EVERY, read_checkpoints


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Private and public key of somebody, and of somebody else, as files."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    folder = tmp_path_factory.mktemp("keys")
    for name in ("own", "other"):
        key = Ed25519PrivateKey.generate()
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / name).write_bytes(private)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (folder / f"{name}.public").write_bytes(public)
    return folder


def write(options, record, count=10):
    store = make_store(options, logging.getLogger("plugbus.audit"))
    store.write([record(number) for number in range(count)])
    store.rest()
    store.close()
    store.end()


@pytest.fixture(params=["sqlite", "jsonl"])
def options(request, tmp_path):
    return AuditSettings(path=tmp_path / "trail", format=request.param, checkpoint_path=tmp_path / "checkpoints")


def test_a_checkpoint_is_made_at_every_stop_and_printed_in_the_log(options, record, caplog):
    caplog.set_level(logging.INFO, "plugbus.audit")
    for _ in range(3):
        write(options, record)
    made = list(read_checkpoints(options.checkpoint_path))
    assert [checkpoint.seq for checkpoint in made] == [11, 22, 33]
    assert [checkpoint.n for checkpoint in made] == [11, 11, 11]
    for line in options.checkpoint_path.read_text().splitlines():
        assert f"the audit trail {options.path}: checkpoint {line}" in caplog.messages


def test_a_checkpoint_is_made_after_ten_thousand_records(options, record):
    store = make_store(options, logging.getLogger("plugbus.audit"))
    rows = [record(number) for number in range(1_000)]
    for _ in range(EVERY // 1_000):
        store.write(rows)
    (checkpoint,) = read_checkpoints(options.checkpoint_path)
    assert checkpoint.n == EVERY + 1
    store.close()
    store.end()


def test_a_checkpoint_that_cannot_be_written_is_told_and_made_later(options, record, caplog):
    store = make_store(options, logging.getLogger("plugbus.audit"))
    store.write([record(1)])
    options.checkpoint_path.unlink()
    options.checkpoint_path.mkdir()
    store.rest()
    assert "a checkpoint could not be made" in caplog.text
    options.checkpoint_path.rmdir()
    store.rest()
    assert [checkpoint.n for checkpoint in read_checkpoints(options.checkpoint_path)] == [2]
    store.close()
    store.end()


def test_progress_is_told(options, record):
    write(options, record, 5_000)
    told = []
    verify(options.path, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (5_001, 5_001)
    assert len(told) > 1


def test_where_there_is_no_trail_it_says_so(tmp_path):
    with pytest.raises(NoTrail):
        verify(tmp_path / "trail")
    (tmp_path / "trail").mkdir()
    with pytest.raises(NoTrail):
        verify(tmp_path / "trail")


@pytest.mark.parametrize("content", ["no checkpoint\n", "{}\n", "[]\n"])
def test_what_is_no_checkpoint_is_refused(options, record, content):
    write(options, record)
    with options.checkpoint_path.open("a") as file:
        file.write(content)
    with pytest.raises(TrailUnusable, match="line 2, is no checkpoint"):
        verify(options.path, checkpoint_path=options.checkpoint_path)


# --- signatures


def signed(options, keys, name="own"):
    import attrs

    return attrs.evolve(options, sign_key=keys / name)


def test_signed_checkpoints_are_examined_with_the_public_key(options, record, keys):
    write(signed(options, keys), record)
    for key in ("own.public", "own"):
        found = verify(options.path, checkpoint_path=options.checkpoint_path, public_key=keys / key)
        assert found.ok, found.problems
        assert found.vouched == 11


def test_checkpoints_that_somebody_else_has_signed_or_nobody_are_found(options, record, keys):
    write(signed(options, keys), record)
    write(signed(options, keys, "other"), record)
    write(options, record)
    found = verify(options.path, checkpoint_path=options.checkpoint_path, public_key=keys / "own.public")
    assert [str(problem) for problem in found.problems] == [
        "the checkpoint of record 22 is not signed with this key",
        "the checkpoint of record 33 is not signed with this key",
    ]
    assert found.vouched == 11


def test_a_signed_checkpoint_that_was_changed_is_found(options, record, keys):
    write(signed(options, keys), record)
    text = options.checkpoint_path.read_text()
    options.checkpoint_path.write_text(text.replace('"seq":11', '"seq":10'))
    found = verify(options.path, checkpoint_path=options.checkpoint_path, public_key=keys / "own.public")
    assert "not signed with this key" in str(found.problems[0])


def test_a_signature_can_be_checked_by_others(options, record, keys):
    import base64

    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    write(signed(options, keys), record)
    line = options.checkpoint_path.read_bytes().strip()
    signature = base64.b64decode(json.loads(line)["signature"])
    key = load_pem_public_key((keys / "own.public").read_bytes())
    key.verify(signature, line[: line.index(b',"signature"')] + b"}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read the private key .*: No such file"),
        ("nonsense", r"holds no private key that can be used \(.*\); make one with openssl genpkey"),
    ],
)
def test_a_key_that_cannot_be_used_is_told_at_start(options, tmp_path, content, message):
    import attrs

    if content is not None:
        (tmp_path / "key").write_text(content)
    store = make_store(attrs.evolve(options, sign_key=tmp_path / "key"), logging.getLogger("plugbus.audit"))
    with pytest.raises(TrailUnusable, match=message):
        store.open()


def test_without_the_extra_the_error_holds_the_line_that_installs_it(options, keys, monkeypatch):
    real = builtins.__import__

    def absent(name, *args, **kwargs):
        if name.startswith("cryptography"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    store = make_store(signed(options, keys), logging.getLogger("plugbus.audit"))
    with pytest.raises(MissingExtra, match=r"pip install 'plugbus-audit\[sign\]'"):
        store.open()


# --- on the command line


@pytest.fixture
def audit(tmp_path):
    (tmp_path / "plugbus.toml").write_text(
        '[plugins.audit]\npath = "trail"\ncheckpoint_path = "checkpoints"\n', encoding="utf-8"
    )

    def run(*arguments, code=0):
        done = subprocess.run(
            [sys.executable, "-m", "plugbus", "audit", *arguments],
            cwd=tmp_path,
            env={key: value for key, value in os.environ.items() if not key.startswith("PLUGBUS_")},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    return run


def test_the_command_verify_says_what_it_has_found(audit, options, record):
    write(options, record)
    out = audit("verify")
    assert out == (
        "No sign of a change: 11 records in 1 chain. 1 checkpoint compared, the last of record 11; the 0 records after "
        "it could have been written by anybody.\n"
    )


def test_it_ends_with_1_and_the_number_of_the_first_bad_record(audit, options, record):
    write(options, record)
    paths = [options.path] if options.path.is_file() else list(options.path.glob("*.jsonl"))
    for path in paths:
        path.write_bytes(path.read_bytes().replace(b'{"n": 7}', b'{"n": 8}').replace(b'{"n": 4}', b'{"n": 5}'))
    out = audit("verify", code=1)
    assert "record 6: it was changed" in out
    assert (
        out.splitlines()[-1] == "The trail was changed: 2 problems in 11 records in 1 chain; the first bad record is 6."
    )


def test_it_ends_with_1_where_there_is_no_trail(audit):
    assert "there is no audit trail" in audit("verify", code=1)


def test_the_command_purge_says_what_it_would_remove(audit, options, record):
    write(options, record, 100)
    assert audit("purge", "--keep-for", "1d", "--dry-run") == "Nothing to remove.\n"
    assert "say what is kept" in audit("purge", code=2)
    assert "is no duration" in audit("purge", "--keep-for", "long", code=2)
    if options.format == "sqlite":
        out = audit("purge", "--keep-size", "40kB")
        assert out.startswith("Removed ")
        assert audit("verify").startswith("No sign of a change")
