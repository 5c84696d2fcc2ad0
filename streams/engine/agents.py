"""The agents: one instance per partition, and all of them do the same."""

from collections.abc import Awaitable, Callable
from typing import Any

from streams.engine.assignment import Assignment


def screen(assignment: Assignment) -> Callable[[Any], Awaitable[None]]:
    """An agent that hands every batch to the stage and partition that it was cut for."""

    async def screen(stream: Any) -> None:
        # TRAP: without noack Faust acknowledges a batch even when its processing raised.
        async for event in stream.noack().events():
            if await assignment.process(event.value.partition, event.value.source):
                event.ack()

    return screen
