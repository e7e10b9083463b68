from __future__ import annotations

import re
import runpy
import tomllib
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path

import attrs
import pytest


@attrs.frozen
class Distribution:
    """A folder with a `pyproject.toml` that becomes a wheel."""

    folder: Path
    project: dict
    tool: dict

    @property
    def name(self):
        return self.project["name"]


def read_toml(path):
    return tomllib.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def distributions(root):
    folders = [root / "core", *sorted(path for path in (root / "plugins").iterdir() if path.is_dir())]
    tables = [(folder, read_toml(folder / "pyproject.toml")) for folder in folders]
    return [Distribution(folder, table["project"], table["tool"]) for folder, table in tables]


@pytest.fixture(scope="module")
def plugins(distributions):
    return distributions[1:]


@pytest.fixture(scope="module")
def workspace(root):
    return read_toml(root / "pyproject.toml")


@pytest.fixture(scope="module")
def version(root):
    return runpy.run_path(str(root / "core/src/plugbus/_version.py"))["__version__"]


def test_all_distributions_have_the_one_version(distributions, root, version):
    for distribution in distributions:
        source = (distribution.folder / distribution.tool["hatch"]["version"]["path"]).resolve()
        assert distribution.project["dynamic"] == ["version"]
        assert source == root / "core/src/plugbus/_version.py"
        assert metadata.version(distribution.name) == version


def test_plugins_require_the_same_minor_version_of_core(plugins, version):
    major, minor, _ = version.split(".")
    expected = f"plugbus>={major}.{minor}.0,<{major}.{int(minor) + 1}"
    for plugin in plugins:
        assert [line for line in plugin.project["dependencies"] if re.match(r"plugbus\b(?!-)", line)] == [expected]


def test_plugins_are_named_after_their_folder(plugins):
    for plugin in plugins:
        name = plugin.folder.name
        (entry,) = plugin.project["entry-points"]["plugbus.plugins"].items()
        assert plugin.name == f"plugbus-{name}"
        assert entry[0] == name
        assert entry[1].startswith(f"plugbus_{name}:")
        assert (plugin.folder / "README.md").is_file()


def test_every_distribution_carries_the_license(distributions, root):
    for distribution in distributions:
        assert (distribution.folder / "LICENSE").read_text() == (root / "LICENSE").read_text()


def test_every_distribution_is_a_member_of_the_workspace_and_a_dependency_of_its_root(distributions, root, workspace):
    uv = workspace["tool"]["uv"]
    members = {folder for pattern in uv["workspace"]["members"] for folder in root.glob(pattern)}
    wanted = {re.split(r"[\[<>= ]", line)[0] for line in workspace["project"]["dependencies"]}
    names = {distribution.name for distribution in distributions}
    assert members == {distribution.folder for distribution in distributions}
    assert wanted == names
    assert uv["sources"] == {name: {"workspace": True} for name in names}


def test_tox_installs_every_distribution(distributions, root):
    tox = ConfigParser()
    tox.read(root / "tox.ini", encoding="utf-8")
    installed = re.findall(r"^-e ([\w/-]+)", tox["testenv"]["deps"], flags=re.MULTILINE)
    assert {root / folder for folder in installed} == {distribution.folder for distribution in distributions}


def test_coverage_and_import_order_know_every_package(distributions, workspace):
    packages = sorted(distribution.name.replace("-", "_") for distribution in distributions)
    assert sorted(workspace["tool"]["coverage"]["run"]["source_pkgs"]) == packages
    assert sorted(workspace["tool"]["ruff"]["lint"]["isort"]["known-first-party"]) == packages


# Put together here, so that this file is not the first one found.
FORBIDDEN = {
    "a path of somebody's machine": re.compile(
        r"(?<![\w.])/(?:root|home|Users|opt|work)/\w|[A-Z]:\\Users|\.pyenv" r"/versions|/tmp/\w"
    ),
    "the address of a package registry": re.compile(
        r"py" r"pi\.org|python" r"hosted\.org|index-" r"url|://[^\s)]*/simple\b"
    ),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_in_the_repository_holds(what, tracked_files, root):
    found = []
    for path in tracked_files:
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{path.relative_to(root)}: {match[0]}" for match in FORBIDDEN[what].finditer(text)]
    assert not found


def test_no_lock_file_is_in_the_repository(tracked_files, root):
    assert root / "uv.lock" not in tracked_files
