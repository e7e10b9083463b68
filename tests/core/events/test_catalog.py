"""`plugbus.catalog` holds the ten technical events."""

from __future__ import annotations

import ast
import inspect

import attrs
import pytest

from plugbus import EventBase, EventBus, catalog, codec


TYPES = {
    "CacheInvalidated": "cache.invalidated",
    "ApiRequestReceived": "api.request.received",
    "DatabaseReplicated": "database.replicated",
    "MessageQueued": "message.queued",
    "MessageLogged": "message.logged",
    "EmailDelivered": "email.delivered",
    "EmailFailed": "email.failed",
    "FileUploadCompleted": "file.upload.completed",
    "ThirdPartyApiResponded": "third_party.api.responded",
    "BackgroundJobCompleted": "background.job.completed",
    "ServiceShutdown": "service.shutdown",
}
SAMPLES = {"str": "text", "int": 3, "float": 0.5, "bool": True, "tuple[str, ...]": ("a", "b")}


def sample(name):
    """An event with a value in each field."""
    cls = getattr(catalog, name)
    values = {field.name: SAMPLES[field.type.removesuffix(" | None")] for field in attrs.fields(cls)}
    return cls(**values)


def test_the_catalog_holds_the_ten_technical_events_of_which_email_has_two_outcomes():
    assert set(catalog.__all__) == set(TYPES)


@pytest.mark.parametrize("name", TYPES)
def test_each_has_its_type(name):
    cls = getattr(catalog, name)
    assert issubclass(cls, EventBase)
    assert sample(name).envelope.type == TYPES[name]
    assert sample(name).envelope.version == 1


@pytest.mark.parametrize("name", TYPES)
def test_each_comes_back_from_its_encoded_form(name):
    made = sample(name)
    again = codec.decode(codec.encode(made))
    assert again == made
    assert type(again) is type(made)


@pytest.mark.parametrize("name", TYPES)
def test_each_field_is_documented(name):
    cls = getattr(catalog, name)
    documented = [line.strip().split(":")[0] for line in inspect.getdoc(cls).split("Args:")[1].splitlines() if line]
    assert [field.name for field in attrs.fields(cls)] == documented


def test_the_core_raises_none_of_them_but_its_own_shutdown():
    tree = ast.parse(inspect.getsource(inspect.getmodule(EventBus)))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} & set(TYPES)
    assert used == {"ServiceShutdown"}


async def test_the_bus_raises_service_shutdown_at_stop():
    bus, seen = EventBus(source="shop"), []
    bus.subscribe("service.shutdown", seen.append)
    async with bus:
        assert seen == []
    assert [(made.service, made.envelope.type) for made in seen] == [("shop", "service.shutdown")]
