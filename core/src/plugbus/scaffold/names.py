"""What everything in a new distribution is called, made of the plugin's name."""

from __future__ import annotations

import attrs


__all__ = ("Names",)


@attrs.frozen
class Names:
    """
    The names in a plugin's distribution.

    Args:
        plugin: The plugin's name, as in `weather_station`.
    """

    plugin: str

    @property
    def distribution(self) -> str:
        """The distribution, as in `plugbus-weather-station`."""
        return f"plugbus-{self.plugin.replace('_', '-')}"

    @property
    def package(self) -> str:
        """The package that is imported, as in `plugbus_weather_station`."""
        return f"plugbus_{self.plugin}"

    @property
    def words(self) -> str:
        """The name in a sentence, as in `weather station`."""
        return self.plugin.replace("_", " ")

    @property
    def prefix(self) -> str:
        """What the names of classes begin with, as in `WeatherStation`."""
        return "".join(word.capitalize() for word in self.plugin.split("_"))
