from __future__ import annotations

import re
from pathlib import Path

from plugbus.testing.contract import PluginContract


PAGE = Path(__file__).parents[4] / "docs/how-to/test-and-publish-a-plugin.md"


def named_first_in_rows():
    return set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def test_every_check_and_every_attribute_is_on_the_page():
    checks = {name for name in vars(PluginContract) if name.startswith("test_")}
    assert named_first_in_rows() == checks | set(PluginContract.__annotations__)


def test_every_check_says_what_it_holds():
    assert all(getattr(PluginContract, name).__doc__ for name in vars(PluginContract) if name.startswith("test_"))
