from __future__ import annotations

import sys

import pytest

from plugbus.plugins.discovery import discover, editable_source, is_plugin_name, normalized


def test_a_plugin_is_found_with_its_distribution_and_not_imported(site):
    site.add("demo-weather", "raise SystemExit('imported')", version="2.1")
    (found,) = discover().of("weather")
    assert (found.name, found.value, found.project, found.version) == (
        "weather", "demo_weather:P", "demo-weather", "2.1",
    )  # fmt: skip
    assert found.distribution == "demo-weather 2.1"
    assert "demo_weather" not in sys.modules


def test_two_distributions_that_claim_a_name_are_both_found_in_a_fixed_order(site):
    site.add("demo-zeta", name="weather")
    site.add("demo-alpha", name="weather")
    assert [found.project for found in discover().of("weather")] == ["demo-alpha", "demo-zeta"]
    assert [found.project for found in discover().of("weather", "Demo.Zeta")] == ["demo-zeta"]


def test_the_same_distribution_twice_on_the_path_is_one(site, tmp_path, monkeypatch):
    site.add("demo-weather")
    other = type(site)(tmp_path / "other")
    other.folder.mkdir()
    monkeypatch.syspath_prepend(str(other.folder))
    other.add("Demo_Weather", module="demo_weather")
    assert len(discover().of("weather")) == 1


@pytest.mark.parametrize("text", ["[plugbus.plugins]\nno equals sign here\n", "[plugbus.plugins\nx = y", "\x00"])
def test_a_broken_record_of_a_stranger_hides_nobody(site, text):
    site.add("demo-weather")
    site.add_record("aaa-broken", "1.0", text)
    assert [found.project for found in discover().of("weather")] == ["demo-weather"]


def test_an_unreadable_record_of_a_stranger_hides_nobody(site):
    site.add("demo-weather")
    info = site.add_record("aaa-broken", "1.0", "")
    (info / "entry_points.txt").write_bytes(b"[plugbus.plugins]\n\xff\xfe = x\n")
    assert discover().of("weather")


def test_a_distribution_without_metadata_still_offers_its_plugin(site):
    site.add("demo-weather")
    (site.folder / "demo_weather-1.0.dist-info" / "METADATA").unlink()
    assert [found.value for found in discover().of("weather")] == ["demo_weather:P"]


def test_a_distribution_without_a_version_still_offers_its_plugin(site):
    site.add("demo-weather")
    metadata = site.folder / "demo_weather-1.0.dist-info" / "METADATA"
    metadata.write_text("Metadata-Version: 2.1\nName: demo-weather\n")
    (found,) = discover().of("weather")
    assert found.distribution == "demo-weather"


@pytest.mark.parametrize("name", ["audit", "web_push", "s3", "a1_b2"])
def test_lower_case_words_joined_by_single_underscores_are_plugin_names(name):
    assert is_plugin_name(name)


@pytest.mark.parametrize("name", ["", "Audit", "web-push", "web__push", "_audit", "audit_", "3d", "a b", "a.b"])
def test_other_names_are_none(name):
    assert not is_plugin_name(name)


def test_names_of_distributions_are_compared_in_their_normal_form():
    assert normalized("Demo_Weather.Plus") == normalized("demo-weather-plus")


def test_a_distribution_that_is_installed_in_place_says_from_where(site):
    site.add("demo-weather")
    info = site.folder / "demo_weather-1.0.dist-info"
    assert editable_source("demo-weather") is None
    (info / "direct_url.json").write_text('{"url": "file:///src/weather", "dir_info": {"editable": true}}')
    assert editable_source("demo-weather") == "file:///src/weather"
    (info / "direct_url.json").write_text('{"url": "file:///src/weather", "dir_info": {}}')
    assert editable_source("demo-weather") is None
    (info / "direct_url.json").write_text("no JSON")
    assert editable_source("demo-weather") is None
    assert editable_source("nowhere-xyz") is None
