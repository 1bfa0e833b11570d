"""What every story begins with."""

import contextlib

import pytest_asyncio
import pytest

from kit.node import Node
from kit.person import Person


@pytest_asyncio.fixture
async def start():
    """`await start(settings, "--demo")` starts a node that ends with the story."""
    async with contextlib.AsyncExitStack() as ends:

        async def begin(settings=None, *words):
            node = Node(settings, *words)
            ends.push_async_callback(node.close)
            await node.begin()
            return node

        yield begin


@pytest_asyncio.fixture
async def node(start):
    return await start()


@pytest_asyncio.fixture
async def somebody():
    """`somebody(name, address, …)` gives a person who leaves with the end of the story."""
    async with contextlib.AsyncExitStack() as ends:

        def enters(name, address, **options):
            person = Person(name, address, **options)
            ends.push_async_callback(person.leaves)
            return person

        yield enters


@pytest.fixture(params=[False, True], ids=["json", "protobuf"])
def protobuf(request):
    """The story is told once in each encoding."""
    return request.param
