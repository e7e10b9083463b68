"""`plugbus guards ...`, and `plugbus publish --as`."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import textwrap

import pytest


CONFIG = """
[bus]
imports = ["shop"]

[plugins.guards]
[[plugins.guards.rules]]
events = ["order.*"]
all = ["authenticated", {guard = "age", minimum = 18}]

[[plugins.guards.rules]]
name = "staff"
class = "shop:PriceChanged"
any = ["admin", {guard = "roles", any = ["clerk"]}]

[plugins.audit]
path = "audit.db"
"""
SHOP = """
from plugbus import EventBase, event, on_event

@event("order.placed")
class OrderPlaced(EventBase):
    total: int = 0

@event("price.changed")
class PriceChanged(EventBase):
    pass

@on_event("order.*")
def handle(event):
    pass
"""
ADULT = {"id": "7", "claims": {"birthdate": "1990-01-01"}}
MINOR = {"id": "8", "claims": {"birthdate": "2015-01-01"}}


class Folder:
    def __init__(self, path):
        self.path = path
        self.write("plugbus.toml", CONFIG)
        self.write("shop.py", SHOP)
        self.write("order.json", json.dumps({"type": "order.placed", "payload": {"total": 3}}))
        self.write("adult.json", json.dumps(ADULT))
        self.write("minor.json", json.dumps(MINOR))

    def write(self, name, text):
        (self.path / name).write_text(textwrap.dedent(text))

    def run(self, *arguments, code=0, input=""):
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("PLUGBUS_", "NO_COLOR", "FORCE"))
        }
        done = subprocess.run(
            [sys.executable, "-m", "plugbus", *arguments],
            cwd=self.path, env={**kept, "COLUMNS": "100"}, input=input, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done


@pytest.fixture
def shop(tmp_path):
    return Folder(tmp_path)


def test_list_shows_each_rule_with_its_line(shop):
    out = shop.run("guards", "list").stdout
    assert "plugbus.toml:6" in out
    assert "all of [authenticated, age]" in out
    assert "PriceChanged (price.changed)" in out
    assert "any of [admin, roles(any=('clerk',))]" in out


def test_list_as_json(shop):
    first, second = json.loads(shop.run("guards", "list", "--format", "json").stdout)
    assert (first["events"], first["place"], first["mode"]) == (["order.*"], "plugbus.toml:6", "enforce")
    assert (second["name"], second["classes"]) == ("staff", ["shop:PriceChanged"])


def test_list_without_rules_says_so(shop):
    shop.write("plugbus.toml", "[plugins.guards]\n")
    assert shop.run("guards", "list").stdout == "There are no rules.\n"


def test_check_says_whether_and_why(shop):
    out = shop.run("guards", "check", "--event", "order.json", "--as", "minor.json", code=1).stdout
    assert out.splitlines() == [
        "order.placed is denied to 8 (age_restricted)",
        "  plugbus.toml:6  order.*",
        "    denies  all of: 8 is younger than 18",
        "      allows  authenticated",
        "      denies  age: 8 is younger than 18",
    ]
    out = shop.run("guards", "check", "--event", "order.json", "--as", "adult.json").stdout
    assert out.startswith("order.placed is allowed to 7\n")


def test_check_without_a_principal_is_about_nobody(shop):
    out = shop.run("guards", "check", "--event", "order.json", code=1).stdout
    assert "is denied to anonymous (authentication_required)" in out


def test_check_of_an_event_that_no_rule_names(shop):
    shop.write("other.json", '{"type": "item.sold", "payload": {}}')
    assert "no rule names it" in shop.run("guards", "check", "--event", "other.json").stdout


def test_check_as_json(shop):
    found = json.loads(shop.run("guards", "check", "--event", "order.json", "--format", "json", code=1).stdout)
    assert (found["allowed"], found["principal"]) == (False, "anonymous")
    assert found["error"]["code"] == "authentication_required"
    assert found["rules"][0]["word"]["parts"][0]["guard"] == "authenticated"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("order.json", "nothing", "order.json is no JSON"),
        ("order.json", "[]", "should hold a JSON object"),
        ("order.json", '{"type": 7}', "order.json: "),
        ("minor.json", '{"id": "7", "rolls": []}', "has no 'rolls'"),
        ("minor.json", "{}", "has an id"),
    ],
)
def test_a_file_that_is_none_is_named(shop, name, text, told):
    shop.write(name, text)
    assert told in shop.run("guards", "check", "--event", "order.json", "--as", "minor.json", code=2).stderr


def test_a_file_that_is_not_there_is_named(shop):
    assert "cannot read gone.json" in shop.run("guards", "check", "--event", "gone.json", code=2).stderr


def test_without_the_plugin_the_command_says_how_to_switch_it_on(shop):
    shop.write("plugbus.toml", "[bus]\n")
    assert "[plugins.guards]" in shop.run("guards", "list", code=2).stderr


CASES = """
[[cases]]
name = "adults may order"
event = {type = "order.placed", payload = {total = 3}}
as = {id = "7", claims = {birthdate = "2008-11-26"}}
at = 2026-11-26T00:00:00Z
expect = "allow"

[[cases]]
name = "a second earlier they may not"
event = {type = "order.placed", payload = {total = 3}}
as = {id = "7", claims = {birthdate = "2008-11-26"}}
at = 2026-11-25T23:59:59Z
expect = "deny"
code = "age_restricted"

[[cases]]
name = "nobody may"
event = {type = "order.placed"}
expect = "deny"
code = "authentication_required"

[[cases]]
name = "the system may"
event = {type = "order.placed"}
as = "system"
expect = "allow"
"""


def test_cases_that_come_out_as_expected_are_counted(shop):
    shop.write("cases.toml", CASES)
    assert shop.run("guards", "test", "cases.toml").stdout == "4 cases, 0 failed\n"


def test_a_case_that_does_not_is_shown_with_why_and_the_line_of_the_rule(shop):
    shop.write(
        "cases.toml", CASES.replace('"age_restricted"', '"not_owner"').replace('expect = "allow"', 'expect = "deny"', 1)
    )
    out = shop.run("guards", "test", "cases.toml", code=1).stdout
    assert "failed  adults may order: it is allowed" in out
    assert "it is denied with the code age_restricted, not not_owner" in out
    assert "plugbus.toml:6" in out
    assert "4 cases, 2 failed" in out


def test_cases_as_json(shop):
    shop.write("cases.toml", CASES)
    found = json.loads(shop.run("guards", "test", "cases.toml", "--format", "json").stdout)
    assert [one["problem"] for one in found] == [None] * 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = 1", "should hold [[cases]]"),
        ("cases = []", "should hold [[cases]]"),
        ("[[cases]", "is no TOML"),
        ('[[cases]]\nevent = {type = "a.b"}\nexpect = "maybe"', 'case 1 should expect "allow" or "deny"'),
        ('[[cases]]\nname = "x"\nexpect = "deny"', "case 1 (x) has no event"),
        ('[[cases]]\nevent = {type = 7}\nexpect = "deny"', "case 1: event:"),
        ('[[cases]]\nevent = {type = "a.b"}\nexpects = "deny"', "unknown key 'expects'"),
        ('[[cases]]\nevent = {type = "a.b"}\nexpect = "deny"\nas = {rolls = 1}', "as: a principal has no 'rolls'"),
        ('[[cases]]\nevent = {type = "a.b"}\nexpect = "deny"\nas = "root"', "described by a table"),
        ('[[cases]]\nevent = {type = "a.b"}\nexpect = "deny"\nat = 2026-01-01T00:00:00', "at is a time with its zone"),
    ],
)
def test_a_case_that_is_none_is_named(shop, text, told):
    shop.write("cases.toml", text)
    assert told in " ".join(shop.run("guards", "test", "cases.toml", code=2).stderr.split())


def test_the_matrix_shows_who_may_publish_what(shop):
    arguments = ["--type", "order.placed", "--type", "price.changed", "--as", "minor.json", "--as", "adult.json"]
    rows = list(csv.DictReader(shop.run("guards", "matrix", "--format", "csv", *arguments).stdout.splitlines()))
    assert rows == [
        {"event": "order.placed", "anonymous": "deny", "somebody": "depends: age", "admin": "depends: age",
         "clerk": "depends: age", "minor": "deny", "adult": "allow"},
        {"event": "price.changed", "anonymous": "deny", "somebody": "deny", "admin": "allow", "clerk": "allow",
         "minor": "deny", "adult": "deny"},
    ]  # fmt: skip


def test_the_matrix_is_of_all_types_that_are_known(shop):
    found = json.loads(shop.run("guards", "matrix", "--format", "json").stdout)
    assert {"order.placed", "price.changed", "service.shutdown"} <= found.keys()
    assert found["order.placed"]["somebody"] == {"answer": "depends", "depends": ["age"]}
    out = shop.run("guards", "matrix").stdout
    assert "order.placed" in out
    assert "depends: age" in out


def test_a_cell_is_no_formula_for_a_spreadsheet(shop):
    out = shop.run("guards", "matrix", "--format", "csv", "--type", "=cmd.run").stdout
    assert "'=cmd.run" in out


def test_config_check_finds_a_guard_that_is_misspelt(shop):
    shop.write("plugbus.toml", CONFIG.replace('"authenticated"', '"authentcated"'))
    told = shop.run("config", "check", code=2)
    assert "Did you mean 'authenticated'?" in told.stdout + told.stderr
    shop.write("plugbus.toml", CONFIG.replace("minimum = 18", "minimun = 18"))
    told = shop.run("config", "check", code=2)
    assert "Did you mean 'minimum'?" in told.stdout + told.stderr
    shop.write("plugbus.toml", CONFIG.replace("shop:PriceChanged", "nowhere:PriceChanged"))
    shop.run("config", "check")  # which imports nothing of the application's


def test_nothing_is_recorded_or_used_up_by_looking(shop):
    shop.write(
        "plugbus.toml",
        CONFIG.replace('{guard = "age", minimum = 18}', '{guard = "rate_limit", limit = 1}'),
    )
    for _ in range(3):
        shop.run("guards", "check", "--event", "order.json", "--as", "adult.json")
    shop.run("guards", "matrix")
    assert not (shop.path / "audit.db").exists()


def test_publish_as_publishes_in_somebody_s_name(shop):
    done = shop.run("publish", "order.json", "--as", "adult.json", "--format", "json")
    assert json.loads(done.stdout)["published"] == 1
    done = shop.run("publish", "order.json", "--as", "minor.json", "--format", "json", code=1)
    assert "order.json:1: order.placed was refused by guards: AgeRestricted" in done.stderr


def test_publish_as_without_guards_says_what_is_missing(shop):
    shop.write("plugbus.toml", "[bus]\n")
    told = shop.run("publish", "order.json", "--as", "adult.json", code=2).stderr
    assert "pip install plugbus-guards" in told


def test_doctor_tells_what_is_exempt_and_what_guards_nothing(shop):
    shop.write(
        "plugbus.toml",
        CONFIG.replace("[plugins.guards]", '[plugins.guards]\ndefault = "deny"').replace("order.*", "ordr.*"),
    )
    found = json.loads(shop.run("doctor", "--format", "json", code=1).stdout)["findings"]
    own = [one for one in found if one["number"] == "PB403"]
    assert any(
        "names no type of events that is known" in one["message"] and one["place"] == "plugbus.toml:7" for one in own
    )
    assert any("exempt are the events that the bus" in one["message"] and one["severity"] == "note" for one in own)


def test_doctor_warns_of_guards_that_come_late(shop):
    shop.write("plugbus.toml", CONFIG.replace("[bus]", '[bus]\nplugins = ["audit", "guards"]'))
    found = json.loads(shop.run("doctor", "--format", "json", code=1).stdout)["findings"]
    assert any("the middleware of audit runs before that of guards" in one["message"] for one in found)


@pytest.mark.parametrize("command", ["list", "check", "test", "matrix"])
def test_every_command_has_a_help_that_reads_well(shop, command):
    out = shop.run("guards", command, "--help").stdout
    assert f"Usage: plugbus guards {command}" in out
    assert "--app MODULE:ATTR" in out
