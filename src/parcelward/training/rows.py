"""Training data: every screening of a stretch of traffic, its waybill, and the ground truth of that waybill."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from parcelward.errors import UserError
from parcelward.features.table import MODEL_FEATURES, Row
from parcelward.model.card import Split
from parcelward.model.trees import Floats, Matrix
from parcelward.model.views import model_matrix
from parcelward.moments import DAY_MS

_CHUNK = 4096  # rows turned into a matrix at a time: rows of Python values take 20 times the memory

WaybillKey = tuple[str, str]  # courier, waybill
Flags = NDArray[np.bool_]
Numbers = NDArray[np.intp]


class Screening(NamedTuple):
    """One screening of a waybill: its features, its arrival in ms since the epoch, the number of rules that fired."""

    courier: str
    waybill: str
    row: Row
    arrival_ms: int
    rules_fired: int


@dataclass(frozen=True, slots=True, eq=False)
class Screenings:
    """Screenings in order of arrival: `matrix`, `waybill` and `rules_fired` per row; the others per waybill."""

    matrix: Matrix
    waybill: Numbers
    rules_fired: NDArray[np.int16]
    day: NDArray[np.int32]  # of the waybill's first screening, counted from the start
    pattern: tuple[str, ...]  # planted pattern, empty for an ordinary waybill
    weight: Floats  # of the waybill in training; 1 unless violations were planted more densely

    @classmethod
    def collect(
        cls, screened: Iterable[Screening], patterns: Callable[[], Mapping[WaybillKey, str]], start_ms: int
    ) -> Self:
        """Put screenings and labels together. `patterns` is called when all have been screened.

        Raises UserError when there is nothing to learn from.
        """
        parts: list[Matrix] = []
        rows: list[Row] = []
        seen: dict[WaybillKey, int] = {}
        waybill: list[int] = []
        fired: list[int] = []
        day: list[int] = []
        for one in screened:
            key = (one.courier, one.waybill)
            number = seen.setdefault(key, len(seen))
            if number == len(day):
                day.append((one.arrival_ms - start_ms) // DAY_MS)
            waybill.append(number)
            fired.append(one.rules_fired)
            rows.append(one.row)
            if len(rows) == _CHUNK:
                parts.append(model_matrix(rows))
                rows = []
        if rows:
            parts.append(model_matrix(rows))
        if not parts:
            raise UserError("nothing was screened; simulate more days or more waybills a day")
        planted = patterns()
        return cls(
            np.concatenate(parts),
            np.array(waybill, dtype=np.intp),
            np.array(fired, dtype=np.int16),
            np.array(day, dtype=np.int32),
            tuple(planted.get(key, "") for key in seen),
            np.ones(len(seen)),
        )

    @classmethod
    def joined(cls, parts: Sequence["Screenings"]) -> Self:
        """Screenings of several worlds, one behind the other."""
        before = np.cumsum([0, *(len(part.day) for part in parts)])
        return cls(
            np.concatenate([part.matrix for part in parts]),
            np.concatenate([part.waybill + start for part, start in zip(parts, before[:-1], strict=True)]),
            np.concatenate([part.rules_fired for part in parts]),
            np.concatenate([part.day for part in parts]),
            tuple(pattern for part in parts for pattern in part.pattern),
            np.concatenate([part.weight for part in parts]),
        )

    def as_if_planted(self, share: float) -> Self:
        """Weight the violations as if they were `share` of all waybills, so that scores keep their level."""
        violation = self.violation
        factor = share / (1 - share) * (~violation).sum() / max(int(violation.sum()), 1)
        return replace(self, weight=np.where(violation, factor, 1.0))

    @property
    def violation(self) -> Flags:
        """True for each waybill with a planted violation."""
        return np.array([bool(pattern) for pattern in self.pattern], dtype=bool)

    def between(self, first_day: int, last_day: int) -> Self:
        """Waybills first screened on days `first_day` to `last_day` (included), with all their screenings."""
        kept = (self.day >= first_day) & (self.day <= last_day)
        renumbered = np.cumsum(kept) - 1
        rows = kept[self.waybill]
        return type(self)(
            self.matrix[rows],
            renumbered[self.waybill[rows]],
            self.rules_fired[rows],
            self.day[kept],
            tuple(pattern for pattern, keep in zip(self.pattern, kept.tolist(), strict=True) if keep),
            self.weight[kept],
        )

    def last_rows(self) -> Numbers:
        """Row number of each waybill's last screening."""
        last = np.empty(len(self.day), dtype=np.intp)
        last[self.waybill] = np.arange(len(self.waybill))  # later rows overwrite earlier ones
        return last

    def highest(self, per_row: NDArray[np.number]) -> Floats:
        """The highest value of each waybill over its screenings. An alert is raised on it."""
        best = np.full(len(self.day), -np.inf)
        np.maximum.at(best, self.waybill, per_row.astype(np.float64))
        return best

    def describe(self, name: str, first_day: int, last_day: int) -> Split:
        """Counts for the card."""
        return Split(
            name=name,
            first_day=first_day,
            last_day=last_day,
            waybills=len(self.day),
            violations=int(self.violation.sum()),
            rows=len(self.waybill),
        )

    def digest(self) -> str:
        """SHA-256 over feature names, values, order and labels."""
        total = hashlib.sha256("\n".join((*MODEL_FEATURES, *self.pattern)).encode())
        known = np.nan_to_num(self.matrix, nan=-1e30)  # NaN has many bit patterns
        for column in (known, self.waybill.astype(np.int64), self.rules_fired, self.day, self.weight):
            total.update(np.ascontiguousarray(column).tobytes())
        return total.hexdigest()
