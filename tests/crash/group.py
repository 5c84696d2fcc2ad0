"""The group: which process has the partition, who takes it over from whom, and who fences whom."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from tests.crash.faults import Fault, Kind
from tests.crash.process import Process
from tests.crash.scenario import Scenario


class Group:
    """Gives the partition to one process after the other; with each begins a generation."""

    def __init__(self, world: Any, scenario: Scenario, make_process: Callable[[], Process]) -> None:
        self.owner: Process | None = None
        self._world = world
        self._broker = world.broker
        self._scenario = scenario
        self._make_process = make_process
        self._lock = asyncio.Lock()
        self._names: list[str] = []

    @property
    def is_changing(self) -> bool:
        """Tell whether the partition is on its way from one process to another."""
        return self._lock.locked()

    async def take_over(self) -> None:
        """A new process gets what nobody has."""
        async with self._lock:
            if self.owner is None:
                self._assign(self._new_process())

    async def take_over_from_paused(self, paused: Process, fault: Fault, released: "asyncio.Future[None]") -> None:
        """The group believes the owner dead; it learns so some time after it goes on."""
        async with self._lock:
            self._assign(self._new_process())
        await released
        await self._world.pause(fault)
        async with self._lock:
            if paused is not self.owner:  # stalled twice, and given the partition back in between
                await self._revoke(paused)
        if fault.back:
            await self._hand_over(self.owner, paused)

    async def rebalance(self, owner: Process, fault: Fault) -> None:
        """The owner gives the partition up, to itself or to another one, and may get it back."""
        if fault.stay:
            await self._hand_over(owner, owner)
            return
        other = self._new_process()
        await self._hand_over(owner, other)
        if fault.back:
            await self._world.pause(fault)
            await self._hand_over(other, owner)

    def new_name(self, name: str) -> str:
        """The producer name of a new owner: that of this partition, or of another one that it has as well."""
        if self._scenario.elsewhere is not None:
            name = f"{name}-{len(self._names)}"
        self._names.append(name)
        return name

    def is_alone(self, generation: int) -> bool:
        """Tell whether the worker that has the partition in this generation has all others as well."""
        alone = self._scenario.alone
        return alone[generation % len(alone)]

    def _new_process(self) -> Process:
        process = self._make_process()
        process.ended.add_done_callback(lambda ended: self._died(process))
        return process

    def _died(self, process: Process) -> None:
        self._fence_elsewhere(process.producers)
        if process is self.owner:
            self.owner = None
            self._world.start(self.take_over())

    def _assign(self, process: Process) -> None:
        self._broker.generation += 1
        self._fence_elsewhere(self._names)
        self.owner = process
        process.spawn(process.assign(self._broker.generation))

    async def _revoke(self, process: Process) -> None:
        """Wait until the process has let go, or is dead."""
        if not process.dead:
            letting_go = process.spawn(process.revoke())
            await asyncio.wait({letting_go, process.ended}, return_when=asyncio.FIRST_COMPLETED)

    async def _hand_over(self, giver: Process | None, taker: Process) -> None:
        async with self._lock:
            if giver is None or giver is not self.owner:
                return
            await self._revoke(giver)
            self._assign(taker if not taker.dead else self._new_process())

    def _fence_elsewhere(self, names: Iterable[str]) -> None:
        """Another worker fences them in a while, or the broker ends what they left."""
        if self._scenario.elsewhere is not None:
            self._world.start(self._fence_later(list(names), Fault(0, Kind.SLOW, self._scenario.elsewhere)))

    async def _fence_later(self, names: Iterable[str], fault: Fault) -> None:
        await self._world.pause(fault)
        for name in names:
            self._broker.init(name)
        self._world.changed()
