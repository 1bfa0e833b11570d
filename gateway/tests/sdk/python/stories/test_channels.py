"""Connecting and the verbs of an open channel."""

import asyncio

import pytest
from centrifuge import CentrifugeError, StreamPosition

from kit.node import API_KEY, connection_token, jwt


def code_of(caught):
    return caught.value.code


async def test_with_the_token_of_a_login(node, somebody, protobuf):
    account = await node.registers()
    alice = somebody("alice", node.websocket, protobuf=protobuf, token=account["access_token"])
    connected = await alice.connects()
    assert connected.client
    await alice.until(lambda: alice.heard("server_subscribed"), "is subscribed to the own channel")
    assert alice.heard("server_subscribed")[0].channel == f"user:{account['user_id']}"


async def test_a_bad_token_is_refused_for_good(node, somebody, protobuf):
    for token in ["nonsense", jwt({"sub": "mallory"}, "another secret")]:
        mallory = somebody("mallory", node.websocket, protobuf=protobuf, token=token)
        assert await mallory.is_refused() == 3500


async def test_no_token_is_refused_for_good(node, somebody, protobuf):
    nobody = somebody("nobody", node.websocket, protobuf=protobuf, token="")
    assert await nobody.is_refused() == 3501


async def test_an_expired_token_is_replaced_and_one_that_ends_soon_is_refreshed(node, somebody, protobuf):
    asked = []
    refreshed = asyncio.Event()

    async def get_token():
        asked.append(True)
        if len(asked) == 2:
            refreshed.set()
        return connection_token("late", 3 if len(asked) == 1 else 600)

    late = somebody("late", node.websocket, protobuf=protobuf, token=connection_token("late", -60), get_token=get_token)
    await late.connects()
    assert len(asked) == 1
    await asyncio.wait_for(refreshed.wait(), 20)
    ear = await late.listens("after the refresh")
    await late.publish("after the refresh", 1)
    await ear.hears_up_to(1)
    assert not late.heard("disconnected") and len(late.heard("connected")) == 1


async def test_everybody_hears_what_one_publishes(node, somebody, protobuf):
    alice, bob = (somebody(name, node.websocket, protobuf=protobuf) for name in ("alice", "bob"))
    await asyncio.gather(alice.connects(), bob.connects())
    ears = [await alice.listens("tea"), await bob.listens("tea", join_leave=True)]
    assert ears[0].subscribed[0].positioned and ears[0].subscribed[0].recoverable
    value = {"text": "привет 👋", "large": 2**53 - 1}
    await bob.publish("tea", value)
    for ear in ears:
        await ear.hears_up_to(1)
        assert ear.entries == [(1, value)]
        assert ear.publications[0].info.user == "bob"
    presence = await ears[0].subscription.presence()
    assert sorted(info.user for info in presence.clients.values()) == ["alice", "bob"]
    stats = await ears[0].subscription.presence_stats()
    assert (stats.num_clients, stats.num_users) == (2, 2)
    await ears[0].subscription.unsubscribe()
    await ears[1].until(lambda: "alice" in ears[1].left, "hears that alice leaves")


async def test_history_pages_in_both_directions(node, somebody, protobuf):
    alice = somebody("alice", node.websocket, protobuf=protobuf)
    await alice.connects()
    ear = await alice.listens("a log")
    for number in range(10):
        await alice.publish("a log", number)
    await ear.hears_up_to(10)
    top = await ear.subscription.history(limit=0)
    assert (top.offset, top.publications) == (10, [])

    async def read(**options):
        page = await ear.subscription.history(**options)
        return [(publication.offset, alice.read(publication.data)) for publication in page.publications]

    assert await read(limit=3) == [(1, 0), (2, 1), (3, 2)]
    assert await read(limit=2, reverse=True) == [(10, 9), (9, 8)]
    assert await read(limit=2, since=StreamPosition(offset=4, epoch=top.epoch)) == [(5, 4), (6, 5)]
    with pytest.raises(CentrifugeError) as caught:
        await ear.subscription.history(limit=1, since=StreamPosition(offset=1, epoch="another"))
    assert code_of(caught) == 112


async def test_the_functions_of_the_messenger(node, somebody, protobuf):
    accounts = [await node.registers() for _ in range(2)]
    alice, bob = (
        somebody(account["username"], node.websocket, protobuf=protobuf, token=account["access_token"])
        for account in accounts
    )
    await asyncio.gather(alice.connects(), bob.connects())
    chat = await alice.calls("room.create", name="lunch", participants=[accounts[1]["user_id"]])
    await bob.until(lambda: bob.heard("server_publication"), "learns of the new chat")
    ear = await bob.listens(f"room:{chat['chat_id']}")
    sent = await alice.calls("message.send", chat_id=chat["chat_id"], content="обед?")
    await ear.hears_up_to(sent["offset"])
    offset, value = ear.entries[-1]
    assert offset == sent["offset"] and value["event"] == "message.created"
    assert value["data"]["content"] == "обед?" and value["data"]["message_id"] == sent["message_id"]
    with pytest.raises(CentrifugeError) as caught:
        await alice.calls("no.such.function")
    assert code_of(caught) == 104


async def test_what_another_back_end_publishes(node, somebody, protobuf):
    alice = somebody("alice", node.websocket, protobuf=protobuf)
    await alice.connects()
    ear = await alice.listens("notices")
    body = {"channel": "notices", "data": {"from": "the back end"}}
    answer = await node.call("POST", "/api/publish", body=body, headers={"X-API-Key": API_KEY})
    assert answer["result"]["offset"] == 1
    await ear.hears_up_to(1)
    assert ear.entries == [(1, {"from": "the back end"})]


async def test_one_encoding_hears_the_other(node, somebody):
    people = [somebody("json", node.websocket), somebody("protobuf", node.websocket, protobuf=True)]
    await asyncio.gather(*(person.connects() for person in people))
    ears = [await person.listens("both") for person in people]
    values = [
        {"n": 2**53 - 1, "m": -(2**53) + 1, "x": 1.5e-7},
        {"text": "a\r\nb\u2028c\u0000👋"},
        [None, True, False, [], {}, "", 0],
        {"keys": {"": 1, "__proto__": {"a": 1}}},
        "just text",
        None,
    ]
    for value in values:
        for person in people:
            await person.publish("both", value)
    for ear in ears:
        await ear.hears_up_to(2 * len(values))
        assert [value for _, value in ear.entries] == [value for value in values for _ in people]
