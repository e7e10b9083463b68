from __future__ import annotations

import pytest

from plugbus.config import Owner, load_config
from plugbus.errors import ConfigurationError


OWNER = Owner.of_plugin("audit", "plugbus-audit 0.1.0")


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a file into the current folder, which is an empty one."""
    monkeypatch.chdir(tmp_path)
    for name in ("PLUGBUS_CONFIG", "PLUGBUS_DISABLE"):
        monkeypatch.delenv(name, raising=False)

    def write(text, name="plugbus.toml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture
def settings(write):
    """Read the table of the plugin audit as a settings class, from a text and an environment."""

    def read(cls, text="", environ=None, **kwargs):
        write(text)
        config = load_config(environ=environ or {}, **kwargs)
        read = config.settings_for(config.table("audit"), cls, OWNER)
        problems = [*config.problems, *read.problems]
        if problems:
            raise ConfigurationError("Nothing was started.", problems)
        return read.settings

    return read


@pytest.fixture
def report(settings):
    """Return the report on a faulty table of the plugin audit."""

    def read(cls, text="", environ=None):
        with pytest.raises(ConfigurationError) as caught:
            settings(cls, text, environ)
        return str(caught.value)

    return read
