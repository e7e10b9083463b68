"""Checks of what importing and constructing the plugin costs and does."""

from __future__ import annotations

from collections import Counter

from plugbus.testing.contract._process import probe
from plugbus.testing.contract._subject import Subject
from plugbus.testing.contract._verdict import fail, listed


__all__ = ("constructing_does_nothing", "importing_does_nothing", "within_budget")

# Packages that take long to import. Those that plugbus itself imports only when they are used are among them.
_HEAVY = frozenset({
    "aiohttp", "boto3", "botocore", "click", "cryptography", "django", "fastapi", "flask", "google", "grpc", "httpx",
    "importlib_metadata", "jinja2", "matplotlib", "msgspec", "numpy", "opentelemetry", "pandas", "pkg_resources",
    "psycopg", "pyarrow", "pydantic", "redis", "requests", "rich", "scipy", "setuptools", "sqlalchemy", "starlette",
    "torch", "urllib3", "yaml",
})  # fmt: skip


def within_budget(subject: Subject) -> None:
    """Check how many modules importing the plugin loads besides those of plugbus, and that none is heavy."""
    loaded: list[str] = probe(subject, "import")["loaded"]
    packages = Counter(name.partition(".")[0] for name in loaded)
    heavy = sorted(packages.keys() & (_HEAVY - set(subject.allowed_imports)))
    if heavy:
        fail(
            f"Importing the plugin imports these, which take long:{listed(heavy)}\nEvery program that switches it on "
            f"waits for that, and `plugbus {subject.name} --help` too. Import it in the function that uses it; if the "
            f"plugin is nothing without it, name it in `allowed_imports` of the test class."
        )
    if len(loaded) > subject.import_budget:
        most = [f"{count} of {name}" for name, count in packages.most_common(8)]
        fail(
            f"Importing the plugin loads {len(loaded)} modules besides plugbus, and its budget is "
            f"{subject.import_budget}:{listed(most)}\nImport what is not needed at once in the functions that use it, "
            f"or raise `import_budget` of the test class."
        )


def importing_does_nothing(subject: Subject) -> None:
    """Check that importing the plugin reads no files, opens no connections, starts nothing."""
    if done := probe(subject, "import")["done"]:
        fail(
            f"Importing the plugin does this:{listed(done)}\nA program imports more than it uses, and tests import "
            f"everything. Do it in the hook `lifespan`, or on first use."
        )


def constructing_does_nothing(subject: Subject) -> None:
    """Check that the constructor reads no files, opens no connections, starts nothing."""
    subject.read_own()  # what is wrong with the settings is told here and not by the other process
    if done := probe(subject, "construct")["done"]:
        fail(
            f"Constructing the plugin does this:{listed(done)}\n`plugbus doctor` constructs plugins that never run. "
            f"Do it in the hook `lifespan`, or on first use; a functools.cached_property is a good place."
        )
