"""The agents: one instance per partition, and all of them do the same."""

from collections.abc import Awaitable, Callable
from typing import Any

from streams.engine.assignment import Ownership


def screen(ownership: Ownership) -> Callable[[Any], Awaitable[None]]:
    """An agent that hands every batch of its partition to the stage that owns it."""

    async def screen(stream: Any) -> None:
        # TRAP: without noack Faust acknowledges a batch even when its processing raised.
        async for event in stream.noack().events():
            if await ownership.process(event.value.owner, event.value.taken):
                event.ack()

    return screen
