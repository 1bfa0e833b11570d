"""Somebody who never stops talking: publishes numbered values, some under way at any time."""

import asyncio

from centrifuge import CentrifugeError

from .person import Watched

UNDER_WAY = 8


class Stream:
    """`async with Stream(person, channel) as stream`: talks until the block ends."""

    def __init__(self, person, channel):
        self._person = person
        self._channel = channel
        self._running = True
        self._next = 0
        self._watched = Watched()
        self._lanes = []
        self.acknowledged = set()

    async def __aenter__(self):
        self._lanes = [asyncio.create_task(self._talk()) for _ in range(UNDER_WAY)]
        return self

    async def __aexit__(self, *_):
        self._running = False
        await asyncio.gather(*self._lanes)

    async def says(self, more):
        goal = len(self.acknowledged) + more
        await self._watched.until(
            lambda: len(self.acknowledged) >= goal, lambda: f"{len(self.acknowledged)} of {goal} acknowledged"
        )

    async def _talk(self):
        while self._running:
            number, self._next = self._next, self._next + 1
            try:
                await self._person.publish(self._channel, {"n": number, "text": f"line {number} · строка {number}"})
            except (CentrifugeError, OSError):
                # The node is down: what became of this value is not known.
                continue
            self.acknowledged.add(number)
            await self._watched.changed()

    def is_wholly_in(self, log):
        """Each acknowledged value stands in the log exactly once."""
        numbers = [value["n"] for _, value in log]
        assert len(numbers) == len(set(numbers))
        assert self.acknowledged <= set(numbers)
