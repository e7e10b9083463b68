"""aiopubsub: a hub with keys of several parts."""

from __future__ import annotations

from aiopubsub import Hub, Key, Subscriber

from cases.events import EVENT
from harness.handlers import Kit
from harness.statement import Statement, timed
from peers._peer import Peer


ARGUMENTS = "key, event"


class Aiopubsub(Peer):
    name = "aiopubsub"
    distribution = "aiopubsub"
    module = "aiopubsub"
    keeps = frozenset({"isolation", "both"})
    form = "hub.publish(key, event), to sync listeners"

    def called(self, kit: Kit, count: int) -> Statement:
        hub = Hub()
        key = Key("benchmark", "run")
        for number, handler in enumerate(kit.called(count, ARGUMENTS)):
            Subscriber(hub, str(number)).add_sync_listener(key, handler)
        return timed("publish(key, event)", publish=hub.publish, key=key, event=EVENT)

    def growing(self, kit: Kit, types: int) -> Statement:
        hub = Hub()
        keys = [Key("benchmark", f"type-{number}") for number in range(types)]
        subscriber = Subscriber(hub, "all")
        for key, handler in zip(keys, kit.called(types, ARGUMENTS), strict=True):
            subscriber.add_sync_listener(key, handler)
        return timed("publish(key, event)", publish=hub.publish, key=keys[types // 2], event=EVENT)


PEER = Aiopubsub()
