"""Every check of the contract catches the plugins that do not keep it, and tells their authors what to do."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from plugbus.testing.contract import PluginContract


BAD = tomllib.loads(Path(__file__).with_name("bad_plugins.toml").read_text(encoding="utf-8"))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize(
    ("name", "case"), [pytest.param(name, case, id=f"{name}: {case['title']}") for name in BAD for case in BAD[name]]
)
def test_a_plugin_that_does_not_keep_the_contract_is_told_so(name, case, check):
    case = dict(case)
    says = case.pop("says")
    del case["title"]
    with pytest.raises((AssertionError, pytest.fail.Exception)) as caught:
        check(name, **case)
    assert says in str(caught.value)


def test_every_check_catches_somebody():
    checks = {name for name in vars(PluginContract) if name.startswith("test_")}
    assert checks == BAD.keys()
