"""A rehearsal: the events of a file go through the stages in memory, each when its line says that it arrived."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from parcelward.flow import SCREENING
from parcelward.intake.event_file import UNKNOWN_COURIER, arriving_record
from parcelward.intake.refusal import Rejected
from parcelward.moments import HOUR_MS
from parcelward.screening.build import Stages
from parcelward.screening.in_memory import Pipeline, Result
from parcelward.stage import Record, Send
from parcelward.topics import Topics

FAR_OFF_MS = HOUR_MS


class Refused(NamedTuple):
    """A line that a worker would refuse, and why."""

    line: int
    reason: str
    detail: str


class Rehearsal:
    """The events of a file, in order of arrival, and what the stages say to them; iterate `outcomes` once.

    There is one partition, and each event is carried to the end before the next: the order of a worker that keeps up.
    """

    def __init__(
        self, lines: Iterable[tuple[int, bytes]], stages: Stages, topics: Topics, until_ms: int | None = None
    ) -> None:
        """`lines` are numbered. What arrives after `until_ms` is left out; None: nothing is, the last arrival ends it.

        An event's line number is its offset. Lines that arrive together keep their order.
        """
        self._stages = stages
        self._topics = topics
        self._unplaced: list[Refused] = []  # lines that do not say when they arrived
        records = sorted(self._arriving(lines), key=lambda record: record.timestamp)
        self.lines = len(records) + len(self._unplaced)
        self.until_ms = max((record.timestamp for record in records), default=0) if until_ms is None else until_ms
        self._records = [record for record in records if record.timestamp <= self.until_ms]
        self.left_out = len(records) - len(self._records)
        self._sources = sorted({record.topic for record in self._records})

    def far_off(self) -> tuple[list[int], int] | None:
        """Lines of the few last arrivals that came long after all others, and how long, in ms; None without such.

        The clock goes by arrivals, so one wrong time lets every deadline before it pass.
        """
        times = [record.timestamp for record in self._records]
        if not times or times[-1] < self.until_ms:
            return None
        for place in range(len(times) - 1, len(times) // 2, -1):
            if (gap_ms := times[place] - times[place - 1]) >= FAR_OFF_MS:
                return [record.offset for record in self._records[place:]], gap_ms
        return None

    @property
    def couriers(self) -> list[str]:
        """Couriers whom the events name."""
        found = map(self._topics.courier_of, self._sources)
        return [courier for courier in found if courier != UNKNOWN_COURIER]

    def outcomes(self) -> Iterator[bytes | Refused]:
        """Give alerts, as they would be published, and refusals, as they come up.

        A deadline fires when something arrives after it, at whichever courier, or at the end if it fell due by then.
        """
        yield from self._unplaced
        pipeline = Pipeline(self._stages, self._topics, forgiving=True, flow=SCREENING)
        for record in self._records:
            # What fell due before this arrival fires first, also at couriers who are silent.
            if len(self._sources) > 1:
                yield from _told(pipeline.feed([], self._quiet(record.timestamp)))
            yield from _told(pipeline.feed([record]))
        yield from _told(pipeline.feed([], self._quiet(self.until_ms + 1)))

    def _arriving(self, lines: Iterable[tuple[int, bytes]]) -> Iterator[Record]:
        reached = 0
        for number, text in lines:
            record = arriving_record(text, self._topics, offset=number, after_ms=reached)
            if isinstance(record, Rejected):
                self._unplaced.append(Refused(number, record.reason.value, record.detail))
                continue
            reached = record.timestamp
            yield record

    def _quiet(self, until_ms: int) -> dict[str, int]:
        return dict.fromkeys(self._sources, until_ms)


def _told(result: Result) -> Iterator[bytes | Refused]:
    yield from map(_refused, result.rejected)
    for send in result.alerts:
        assert send.value is not None
        yield send.value


def _refused(send: Send) -> Refused:
    headers = dict(send.headers)
    return Refused(int(headers["pw_offset"]), headers["pw_reason"].decode(), headers["pw_detail"].decode())
