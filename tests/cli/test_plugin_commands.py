"""Commands of plugins that do not end well."""

from __future__ import annotations


PLUGIN = """
    import sys

    import attrs
    import click

    from plugbus.errors import PlugbusError
    from plugbus.plugins import Plugin, hookimpl, option


    @attrs.frozen
    class Settings:
        token: str = option("", help="opens it", secret=True)


    def connect(token):
        raise ConnectionError(f"no server answers to {token}")


    class ThePlugin(Plugin[Settings]):
        api = 1

        @hookimpl
        def commands(self):
            @click.group()
            def store(): ...

            @store.command()
            def fetch():
                connect(self.settings.token)

            @click.command()
            @click.argument("how")
            def end(how):
                if how == "click":
                    raise click.ClickException("not today")
                if how == "plugbus":
                    raise PlugbusError("the trail is torn")
                if how == "abort":
                    raise KeyboardInterrupt
                sys.exit(7)

            yield from (store, end)
"""


def prepare(folder):
    folder.install_plugin("weather", PLUGIN)
    folder.write("plugbus.toml", "[plugins.weather]\ntoken = 'hunter2'\n")


def test_what_a_command_raises_names_plugin_and_distribution_and_shows_the_lines_of_the_plugin_only(folder):
    prepare(folder)
    done = folder.run("weather", "store", "fetch", code=1)
    assert done.out == ""
    first, *frames, last = done.err.splitlines()
    assert first == "Error: `plugbus weather store`, a command of plugin weather (acme-weather 1.0), raised:"
    assert last == "ConnectionError: no server answers to ***"
    assert [line.strip() for line in frames if line.startswith("    ") and "^" not in line] == [
        "connect(self.settings.token)",
        'raise ConnectionError(f"no server answers to {token}")',
    ]
    assert all("weather_plugin.py" in line for line in frames if line.startswith("  File"))


def test_what_says_itself_how_it_ends_is_left_as_it_is(folder):
    prepare(folder)
    assert folder.run("weather", "end", "click", code=1).err == "Error: not today\n"
    assert folder.run("weather", "end", "plugbus", code=2).err == "the trail is torn\n"
    assert folder.run("weather", "end", "exit", code=7).err == ""
    folder.run("weather", "end", "abort", code=130)


def test_a_plugin_without_commands_says_so(folder):
    folder.install_plugin("silent", "from plugbus.plugins import Plugin\nclass ThePlugin(Plugin[None]):\n    api = 1\n")
    folder.write("plugbus.toml", "[plugins.silent]\n")
    told = "Error: plugin silent (acme-silent 1.0) has no commands\n"
    for arguments in ((), ("--help",), ("go",)):
        assert folder.run("silent", *arguments, code=2).err == told
