"""`plugbus plugins new`: a distribution to begin with. What is in it: tests/scaffold."""

from __future__ import annotations


def test_a_new_plugin_is_written_and_the_next_steps_are_told(folder):
    out = folder.run("plugins", "new", "weather_station").out
    assert out.startswith("plugbus-weather-station:\n  .github/workflows/ci.yml\n")
    assert "  src/plugbus_weather_station/plugin.py\n" in out
    assert "  cd plugbus-weather-station\n" in out
    assert "  [plugins.weather_station]\n" in out
    assert (folder.path / "plugbus-weather-station/pyproject.toml").is_file()


def test_the_folder_can_be_named(folder):
    out = folder.run("plugins", "new", "weather", "--folder", "my work/weather").out
    assert "cd 'my work/weather'\n" in out
    assert (folder.path / "my work/weather/pyproject.toml").is_file()


def test_nothing_is_overwritten(folder):
    mine = folder.write("plugbus-weather/pyproject.toml", "mine\n")
    err = folder.run("plugins", "new", "weather", code=2).err
    assert "plugbus-weather is not empty, it holds 'pyproject.toml'" in err
    assert mine.read_text() == "mine\n"


def test_a_name_that_cannot_be_is_refused(folder):
    assert "is no plugin's name" in folder.run("plugins", "new", "My-Plugin", code=2).err
    assert "choose another name" in folder.run("plugins", "new", "doctor", code=2).err
