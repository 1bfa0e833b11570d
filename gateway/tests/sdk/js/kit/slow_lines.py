"""A mobile network: every connection to its port goes on to the node and lets only so many bytes a second come down.

    slow_lines.py NODE_PORT BYTES_PER_SECOND

Prints its own port. A line on standard input makes all lines as fast as they can be; the end of the input ends it. It is not
written in JavaScript because its receive buffers must be bounded: a line that swallows half a minute of chat by itself would
hide what the node does about its own buffers.
"""

import asyncio
import contextlib
import socket
import sys

RECEIVE_BUFFER_BYTES = 16_384
TICK_SECONDS = 0.05


class Network:
    def __init__(self, node_port, bytes_per_second):
        self._node = ("127.0.0.1", node_port)
        self._most = max(1, int(bytes_per_second * TICK_SECONDS))
        self._tasks = set()
        self.is_wide = False

    async def accept(self, listener):
        loop = asyncio.get_running_loop()
        while True:
            phone, _ = await loop.sock_accept(listener)
            task = asyncio.create_task(self._carry(phone))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, phone):
        loop = asyncio.get_running_loop()
        # A node that is gone: the phone's connection ends with this block.
        with phone, socket.socket() as node, contextlib.suppress(OSError):
            node.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            for end in (phone, node):
                end.setblocking(False)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(node, self._node)
            sides = [asyncio.create_task(self._up(loop, phone, node)), asyncio.create_task(self._down(loop, node, phone))]
            await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
            for side in sides:
                side.cancel()
            await asyncio.gather(*sides, return_exceptions=True)

    @staticmethod
    async def _up(loop, phone, node):
        while data := await loop.sock_recv(phone, 65_536):
            await loop.sock_sendall(node, data)

    async def _down(self, loop, node, phone):
        due = loop.time()
        while data := await loop.sock_recv(node, 65_536 if self.is_wide else self._most):
            await loop.sock_sendall(phone, data)
            if self.is_wide:
                continue
            # What was not used is not saved up: a line has no memory of having been idle.
            due = max(due, loop.time()) + TICK_SECONDS * len(data) / self._most
            await asyncio.sleep(due - loop.time())


async def main():
    network = Network(int(sys.argv[1]), float(sys.argv[2]))
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        listener.setblocking(False)
        print(listener.getsockname()[1], flush=True)
        accepting = asyncio.create_task(network.accept(listener))
        while await asyncio.to_thread(sys.stdin.readline):
            network.is_wide = True
        accepting.cancel()


asyncio.run(main())
