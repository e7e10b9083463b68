from __future__ import annotations

import attrs
import pytest

from plugbus.config import load_config, option, secret_values, without


@attrs.frozen
class Login:
    password: str = option(help="opens it", secret=True)
    user: str = option("me", help="who")


@attrs.frozen
class Settings:
    token: str = option("", help="opens it", secret=True, validator=attrs.validators.max_len(20))
    pin: int = option(0, help="opens it", secret=True)
    user: str = option("me", help="who")
    logins: list[Login] = option(factory=list, help="more")
    by_name: dict[str, Login] = option(factory=dict, help="more")


SECRET = "hunter2-hunter2"


def test_a_secret_is_in_no_repr(settings, write):
    found = settings(Settings, f"[plugins.audit]\ntoken = '{SECRET}'\n")
    assert found.token == SECRET
    assert SECRET not in repr(found)
    environ = {"PLUGBUS_PLUGINS__AUDIT__TOKEN": SECRET}
    config = load_config(environ=environ)
    assert SECRET not in repr(config)
    assert SECRET not in repr(config.table("audit"))


@pytest.mark.parametrize(
    "text",
    [
        f"token = ['{SECRET}']",
        f"pin = '{SECRET}'",
        f"tokn = '{SECRET}'",
        f"api_key = '{SECRET}'",
        f"token = '{SECRET}{SECRET}'",
        f"logins = [{{ password = ['{SECRET}'] }}]",
        f"logins = [{{ passwort = '{SECRET}' }}]",
        f"logins = [{{ password = '{SECRET}', usr = 1 }}]",
        f"logins = [{{ usr = 1, password = '{SECRET}' }}]",
        f"by_name = {{ a = {{ password = '{SECRET}', user = 3 }} }}",
        f"logins = '{SECRET}'",
        f"logins = ['{SECRET}']",
        f"by_name = {{ a = '{SECRET}' }}",
        f"token = '{SECRET}'\ntoken_file = 'x'",
        f"token = '''{SECRET}''' # '{SECRET}'\nwhat = 1",
        f"token = '{SECRET}",
        f"client_secret = '{SECRET}' x",
    ],
)
def test_a_secret_is_in_no_report(report, write, text):
    try:
        lines = report(Settings, f"[plugins.audit]\n{text}\n")
    except Exception as error:  # a syntax error is raised by reading
        lines = str(error)
    assert "plugbus.toml" in lines
    assert SECRET not in lines


@pytest.mark.parametrize("name", ["TOKEN", "PIN", "LOGINS", "TOKN"])
def test_a_secret_in_a_variable_is_in_no_report(report, name):
    environ = {f"PLUGBUS_PLUGINS__AUDIT__{name}": SECRET * 2, "PLUGBUS_PLUGINS__AUDIT__WHAT": "1"}
    lines = report(Settings, "", environ)
    assert f"PLUGBUS_PLUGINS__AUDIT__{name}" in lines
    assert SECRET not in lines


def test_a_refusal_of_the_whole_class_is_cleared_of_secrets(report):
    @attrs.frozen
    class Checked:
        token: str = option("", help="opens it", secret=True)

        def __attrs_post_init__(self):
            raise ValueError(f"cannot use {self.token}")

    lines = report(Checked, f"[plugins.audit]\ntoken = '{SECRET}'\n")
    assert "are refused: cannot use ***" in lines


def test_a_secret_may_stand_in_a_file_of_its_own(settings, write):
    write(SECRET + "\n", "run/token")
    write("42\n", "run/pin")
    found = settings(Settings, "[plugins.audit]\ntoken_file = 'run/token'\npin_file = 'run/pin'\n")
    assert (found.token, found.pin) == (SECRET, 42)
    environ = {"PLUGBUS_PLUGINS__AUDIT__TOKEN_FILE": "run/token"}
    assert settings(Settings, "", environ).token == SECRET
    assert settings(Settings, "[plugins.audit]\ntoken = 'other'\n", environ).token == SECRET
    environ = {"PLUGBUS_PLUGINS__AUDIT__TOKEN": "other"}
    assert settings(Settings, "[plugins.audit]\ntoken_file = 'run/token'\n", environ).token == "other"


def test_a_secret_that_is_required_may_stand_in_a_file_too(settings, write):
    write(SECRET, "password")
    assert settings(Login, "[plugins.audit]\npassword_file = 'password'\n").password == SECRET


def test_a_secret_s_file_that_cannot_be_read_is_a_problem(report, write):
    write(b"\xff", "latin")
    assert "expects a path, got the integer 3" in report(Settings, "[plugins.audit]\ntoken_file = 3\n")
    lines = report(Settings, "[plugins.audit]\ntoken_file = 'nowhere'\npin_file = 'latin'\n")
    assert "plugbus.toml:2:14  plugins.audit.token_file" in lines
    assert "names a file that cannot be read" in lines
    assert "No such file" in lines
    assert "not valid UTF-8" in lines


def test_what_a_secret_s_file_holds_is_checked_and_not_shown(report, write):
    write(SECRET, "pin")
    lines = report(Settings, "[plugins.audit]\npin_file = 'pin'\n")
    assert "expects an integer, got a string" in lines
    assert SECRET not in lines


def test_a_secret_and_its_file_together_are_a_problem(report):
    lines = report(Settings, "[plugins.audit]\ntoken = 'x'\ntoken_file = 'y'\n")
    assert "is given twice: give either token or token_file" in lines


def test_only_secrets_have_the_file_form_and_a_setting_of_that_name_comes_first(report, settings):
    assert "unknown setting 'user_file'" in report(Settings, "[plugins.audit]\nuser_file = 'x'\n")

    @attrs.frozen
    class Own:
        token: str = option("", help="opens it", secret=True)
        token_file: str = option("", help="something else")

    assert settings(Own, "[plugins.audit]\ntoken_file = 'x'\n").token_file == "x"


def test_the_secrets_of_settings_can_be_cleared_from_any_text():
    found = Settings(token="abc", pin=42, logins=[Login(password="abcdef")], by_name={"x": Login(password="pw")})
    assert secret_values(found) == {"abc", "42", "abcdef", "pw"}
    assert without("abcdef and abc and pw", secret_values(found)) == "*** and *** and ***"
