"""The bad line between a phone and the node: a TCP proxy that breaks connections or swallows what they carry."""

import asyncio
import contextlib


class _Pair:
    """One connection: what comes down may be cut off after some bytes, or vanish."""

    def __init__(self, phone, node):
        self.phone = phone
        self.node = node
        self.remaining = None
        self.swallows = False

    def end(self):
        for writer in (self.phone, self.node):
            writer.transport.abort()

    def passes(self, data):
        """What of the data goes on; cuts the line where it ends."""
        if self.swallows:
            return b""
        if self.remaining is None:
            return data
        data, self.remaining = data[: self.remaining], self.remaining - len(data)
        return data


class Line:
    """Laid by `async with Line.to(port) as line`; clients connect to `line.websocket`."""

    def __init__(self, target):
        self._target = target
        self._pairs = set()
        self._server = None
        self.port = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def to(cls, port):
        line = cls(port)
        line._server = await asyncio.start_server(line._carry, "127.0.0.1", 0)
        line.port = line._server.sockets[0].getsockname()[1]
        try:
            yield line
        finally:
            line.cut()
            line._server.close()

    @property
    def websocket(self):
        return f"ws://127.0.0.1:{self.port}/connection/websocket"

    def cut(self):
        """All connections break at once."""
        for pair in list(self._pairs):
            pair.end()

    def cut_after(self, count):
        """All connections break after so many more bytes came down: as a rule in the middle of a frame."""
        for pair in self._pairs:
            pair.remaining = count

    def swallow(self):
        """The connections that are open now stay open and carry nothing any more. New ones work."""
        for pair in self._pairs:
            pair.swallows = True

    async def _carry(self, phone_reader, phone):
        try:
            node_reader, node = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            phone.transport.abort()
            return
        pair = _Pair(phone, node)
        self._pairs.add(pair)
        up = asyncio.create_task(self._pump(phone_reader, node, lambda data: b"" if pair.swallows else data, pair))
        try:
            await self._pump(node_reader, phone, pair.passes, pair)
        finally:
            await up
            self._pairs.discard(pair)

    @staticmethod
    async def _pump(reader, writer, passes, pair):
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                if data := passes(data):
                    writer.write(data)
                    await writer.drain()
                if pair.remaining is not None and pair.remaining <= 0:
                    break
        if not pair.swallows:
            pair.end()
