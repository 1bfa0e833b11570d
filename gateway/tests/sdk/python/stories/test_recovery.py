"""A line that breaks, a line that goes silent, a node that dies: nothing lost, nothing twice, in order."""

import asyncio

from kit.line import Line
from kit.stream import Stream

# The node pings every 25 s.
SILENCE_NOTICED_SECONDS = 45


async def test_cut_again_and_again_in_the_middle_of_a_stream(node, somebody, protobuf):
    async with Line.to(node.port) as line:
        phone = somebody("phone", line.websocket, protobuf=protobuf)
        speaker = somebody("speaker", node.websocket)
        await asyncio.gather(phone.connects(), speaker.connects())
        ear = await phone.listens("cuts")
        async with Stream(speaker, "cuts") as stream:
            await stream.says(50)
            for cut in range(1, 6):
                line.cut() if cut % 2 == 0 else line.cut_after(1_001 + 2_003 * cut)
                await asyncio.gather(ear.is_subscribed(cut + 1), stream.says(50))
        log, _ = await speaker.whole_log("cuts")
        await ear.hears_up_to(log[-1][0])
        ear.heard_exactly(log)
        ear.always_recovered()
        stream.is_wholly_in(log)


async def test_silently_dropped(node, somebody):
    async with Line.to(node.port) as line:
        phones = [
            somebody("phone", line.websocket, protobuf=protobuf, max_server_ping_delay=1.0) for protobuf in (False, True)
        ]
        speaker = somebody("speaker", node.websocket)
        await asyncio.gather(speaker.connects(), *(phone.connects() for phone in phones))
        ears = [await phone.listens("silence") for phone in phones]
        await speaker.publish("silence", 0)
        for ear in ears:
            await ear.hears_up_to(1)
        line.swallow()
        for number in range(1, 30):
            await speaker.publish("silence", number)
        for ear in ears:
            await ear.is_subscribed(2, within=SILENCE_NOTICED_SECONDS)
        log, _ = await speaker.whole_log("silence")
        for ear in ears:
            await ear.hears_up_to(30)
            ear.heard_exactly(log)
            ear.always_recovered()


async def test_a_node_that_is_killed_and_comes_back(node, somebody):
    phones = [somebody("phone", node.websocket, protobuf=protobuf) for protobuf in (False, True)]
    speaker = somebody("speaker", node.websocket)
    await asyncio.gather(speaker.connects(), *(phone.connects() for phone in phones))
    ears = [await phone.listens("kills") for phone in phones]
    async with Stream(speaker, "kills") as stream:
        await stream.says(30)
        for kill in range(1, 4):
            await node.kill9()
            await node.begin()
            await asyncio.gather(stream.says(30), *(ear.is_subscribed(kill + 1) for ear in ears))
    log, epoch = await speaker.whole_log("kills")
    stream.is_wholly_in(log)
    for ear in ears:
        await ear.hears_up_to(log[-1][0])
        ear.heard_exactly(log)
        ear.always_recovered()
        assert {ctx.stream_position.epoch for ctx in ear.subscribed} == {epoch}
