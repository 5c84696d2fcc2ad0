"""The publisher for asyncio: nothing that may wait is done on the event loop."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from parcelward.identity.tokens import Tokeniser
from parcelward.publisher.delivery import Delivery
from parcelward.publisher.publisher import AnyEvent, Publisher
from parcelward.settings import Settings


class AsyncPublisher:
    """A `Publisher` for asyncio; an async context manager. Await what `publish` returns to know that it is delivered.

    async with AsyncPublisher(settings, spool="spool") as publisher:
        delivery = await publisher.publish(event)  # checked, and in the spool
        await delivery  # acknowledged by the brokers
    """

    def __init__(
        self,
        settings: Settings,
        tokeniser: Tokeniser | None = None,
        spool: Path | str | None = None,
        courier: str | None = None,
    ) -> None:
        """Does not connect yet: `start` does, or `async with`."""
        self._arguments = (settings, tokeniser, spool, courier)
        self._publisher: Publisher | None = None

    async def start(self) -> None:
        """Open the spool and connect. Raises as `Publisher(...)` does."""
        self._publisher = await asyncio.to_thread(Publisher, *self._arguments)

    @property
    def publisher(self) -> Publisher:
        """The publisher that does the work. Raises RuntimeError before the start."""
        if self._publisher is None:
            raise RuntimeError("the publisher is not started; use `async with`, or await start()")
        return self._publisher

    async def publish(self, event: AnyEvent | bytes) -> Delivery:
        """Check and take one event: a model, a dict or JSON text. Raises as `Publisher.publish` does."""
        return (await self.publish_all([event]))[0]

    async def publish_all(self, events: Iterable[AnyEvent | bytes]) -> list[Delivery]:
        """Check and take many events. Raises as `Publisher.publish_all` does."""
        return await asyncio.to_thread(self.publisher.publish_all, events)

    async def flush(self, timeout_s: float = 60.0) -> None:
        """Wait until everything taken so far is acknowledged. Raises NotDelivered otherwise."""
        await asyncio.to_thread(self.publisher.flush, timeout_s)

    async def close(self, timeout_s: float = 60.0) -> None:
        """Flush, for at most so long, and disconnect. Raises NotDelivered when something was not acknowledged."""
        await asyncio.to_thread(self.publisher.close, timeout_s)

    async def abandon(self) -> None:
        """Disconnect without waiting for what is not acknowledged; a spool keeps it."""
        await asyncio.to_thread(self.publisher.abandon)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await (self.close() if error is None else self.abandon())
