"""The hook contract itself: written down once, and imported by nobody who does not need it."""

from __future__ import annotations

import inspect

import pytest

from plugbus.hookspecs import HookSpecs
from plugbus.plugins._hooks import HOOKS


# A change here is a change of the contract: fields of the context may be added, a hook may be added, nothing else
# within one `api`.
GENERATION_1 = {
    "event_types": "context",
    "handlers": "context",
    "middleware": "context",
    "interceptors": "context",
    "monitors": "context",
    "services": "context",
    "lifespan": "context",
    "flush": "deadline",
    "health": "context",
    "examine": "context",
    "commands": "context",
}


def test_the_hooks_of_generation_1_are_these():
    assert dict(HOOKS) == GENERATION_1


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_says_what_it_is_for(hook):
    assert len(inspect.getdoc(getattr(HookSpecs, hook)).splitlines()) > 2


def test_the_author_s_modules_import_neither_discovery_nor_anything_heavy(run_python):
    printed = run_python("""
        import sys
        import plugbus.plugins, plugbus.config
        print([name for name in ("importlib_metadata", "difflib", "cattrs", "click", "msgspec") if name in sys.modules])
    """)
    assert printed == "[]\n"
