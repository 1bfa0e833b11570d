"""Somebody with an SDK: connects, subscribes, and remembers all that was told."""

import asyncio
import json

from centrifuge import Client, ClientEventHandler, StreamPosition, SubscriptionEventHandler

from .node import connection_token

PATIENCE_SECONDS = 20


class Watched:
    """Conditions that are looked at again whenever something changed."""

    def __init__(self):
        self._condition = asyncio.Condition()

    async def changed(self):
        async with self._condition:
            self._condition.notify_all()

    async def until(self, holds, what, within=PATIENCE_SECONDS):
        async with self._condition:
            try:
                await asyncio.wait_for(self._condition.wait_for(holds), within)
            except asyncio.TimeoutError:
                raise AssertionError(f"not within {within} s: {what() if callable(what) else what}") from None


class _ClientEvents(ClientEventHandler):
    def __init__(self, person):
        self._person = person

    async def on_connected(self, ctx):
        await self._person.noted("connected", ctx)

    async def on_connecting(self, ctx):
        await self._person.noted("connecting", ctx)

    async def on_disconnected(self, ctx):
        await self._person.noted("disconnected", ctx)

    async def on_error(self, ctx):
        await self._person.noted("error", ctx)

    async def on_subscribed(self, ctx):
        await self._person.noted("server_subscribed", ctx)

    async def on_publication(self, ctx):
        await self._person.noted("server_publication", ctx)


class Person:
    """`protobuf` chooses the encoding; values go in and come out as JSON values either way."""

    def __init__(self, name, address, *, protobuf=False, token=None, **options):
        self.name = name
        self.protobuf = protobuf
        self.events = []
        self._watched = Watched()
        if token is None and "get_token" not in options:
            token = connection_token(name)
        options.setdefault("max_reconnect_delay", 0.3)
        self.client = Client(
            address, events=_ClientEvents(self), token=token or "", use_protobuf=protobuf,
            min_reconnect_delay=0.02, proxy=None, **options,
        )

    def __str__(self):
        return f"{self.name} ({'Protobuf' if self.protobuf else 'JSON'})"

    async def noted(self, kind, ctx):
        self.events.append((kind, ctx))
        await self._watched.changed()

    def heard(self, kind):
        return [ctx for noted, ctx in self.events if noted == kind]

    async def until(self, holds, what, within=PATIENCE_SECONDS):
        await self._watched.until(holds, lambda: f"{self} {what}, events {self.events}", within)

    async def connects(self):
        before = len(self.heard("connected"))
        await self.client.connect()
        await self.until(lambda: len(self.heard("connected")) > before, "connects")
        return self.heard("connected")[-1]

    async def is_refused(self):
        """Connects and expects to be sent away for good; gives the code."""
        await self.client.connect()
        await self.until(lambda: self.heard("disconnected"), "is sent away")
        return self.heard("disconnected")[-1].code

    async def leaves(self):
        await self.client.disconnect()

    def write(self, value):
        return json.dumps(value).encode() if self.protobuf else value

    def read(self, data):
        return json.loads(data) if self.protobuf else data

    async def publish(self, channel, value):
        await self.client.publish(channel, self.write(value))

    async def calls(self, method, **params):
        result = await self.client.rpc(method, self.write(params))
        return self.read(result.data)

    async def listens(self, channel, **options):
        ear = Ear(self, channel, options)
        await ear.subscription.subscribe()
        await ear.is_subscribed()
        return ear

    async def whole_log(self, channel):
        """(places and values from the beginning, epoch)"""
        head = await self.client.history(channel, limit=0)
        log, since = [], StreamPosition(offset=0, epoch=head.epoch)
        while True:
            page = await self.client.history(channel, limit=500, since=since)
            assert page.epoch == head.epoch
            if not page.publications:
                return log, head.epoch
            log += [(publication.offset, self.read(publication.data)) for publication in page.publications]
            since = StreamPosition(offset=log[-1][0], epoch=head.epoch)


class _EarEvents(SubscriptionEventHandler):
    def __init__(self, ear):
        self._ear = ear

    async def on_publication(self, ctx):
        await self._ear.noted(self._ear.entries, (ctx.pub.offset, self._ear.person.read(ctx.pub.data)), ctx.pub)

    async def on_subscribed(self, ctx):
        await self._ear.noted(self._ear.subscribed, ctx)

    async def on_unsubscribed(self, ctx):
        await self._ear.noted(self._ear.unsubscribed, ctx)

    async def on_error(self, ctx):
        await self._ear.noted(self._ear.errors, ctx)

    async def on_join(self, ctx):
        await self._ear.noted(self._ear.joined, ctx.info.user)

    async def on_leave(self, ctx):
        await self._ear.noted(self._ear.left, ctx.info.user)


class Ear:
    """A subscription and all that it brought."""

    def __init__(self, person, channel, options):
        self.person = person
        self.channel = channel
        self.entries, self.publications = [], []
        self.subscribed, self.unsubscribed, self.errors, self.joined, self.left = [], [], [], [], []
        self._watched = Watched()
        self.subscription = person.client.new_subscription(
            channel, events=_EarEvents(self), min_resubscribe_delay=0.02, max_resubscribe_delay=0.3, **options
        )

    def __str__(self):
        last = self.entries[-1][0] if self.entries else 0
        return f"{self.person} in {self.channel} at {last}, errors {self.errors}"

    async def noted(self, notes, note, publication=None):
        notes.append(note)
        if publication is not None:
            self.publications.append(publication)
        await self._watched.changed()

    async def until(self, holds, what, within=PATIENCE_SECONDS):
        await self._watched.until(holds, lambda: f"{self}: {what}", within)

    async def is_subscribed(self, count=1, within=PATIENCE_SECONDS):
        await self.until(lambda: len(self.subscribed) >= count, f"is subscribed {count} times", within)

    async def hears_up_to(self, offset, within=PATIENCE_SECONDS):
        await self.until(lambda: self.entries and self.entries[-1][0] >= offset, f"hears up to {offset}", within)

    def heard_exactly(self, log):
        """Nothing lost, nothing twice, in order, nothing changed."""
        assert [offset for offset, _ in self.entries] == [offset for offset, _ in log], str(self)
        assert self.entries == log, str(self)

    def always_recovered(self):
        for ctx in self.subscribed[1:]:
            assert ctx.was_recovering and ctx.recovered, str(self)
