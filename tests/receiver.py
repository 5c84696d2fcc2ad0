"""A receiver of webhooks on loopback that answers, and fails, as a test wants: a real HTTP server, byte by byte."""

import asyncio
import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.ports import free_port

RESET = b"reset"
"""The connection is reset as soon as the request has been read."""
DIES = b"dies"
"""The connection is closed without an answer, after the request has been read whole."""
SILENT = b"silent"
"""No answer ever comes."""
CUT = b"HTTP/1.1 200 OK\r\nContent-Le"
"""An answer that ends within its head."""
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


def status(code: int, *headers: str, body: bytes = b"") -> bytes:
    """An answer with a body."""
    head = [f"HTTP/1.1 {code} Said", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class Request(NamedTuple):
    """A request as it arrived; header names are in lower case."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def data(self) -> Any:
        return json.loads(self.body)["data"]


@dataclass
class Receiver:
    """Requests that came, and the answer to each."""

    port: int
    answer: Callable[[Request], bytes] = lambda _: OK
    came: list[Request] = field(default_factory=list)
    connections: int = 0
    delay_s: float = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def ids(self) -> list[str]:
        return [request.id for request in self.came]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._answer_one(reader, writer):
                pass
        writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): text for name, _, text in (line.partition(": ") for line in head[1:]) if name}
        request = Request(headers, await reader.readexactly(int(headers.get("content-length", "0"))))
        self.came.append(request)
        await asyncio.sleep(self.delay_s)
        said = self.answer(request)
        if said == SILENT:
            await reader.read()
        elif said == RESET:
            writer.transport.abort()
        elif said != DIES:
            writer.write(said)
            await writer.drain()
        return said not in (SILENT, RESET, DIES, CUT)


@contextlib.contextmanager
def listening(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a receiver in a thread of its own."""
    receiver = Receiver(free_port())
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(receiver.serve, "127.0.0.1", receiver.port, ssl=tls))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def end() -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    try:
        yield receiver
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
