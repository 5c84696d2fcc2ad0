"""The score of an ordinary parcel, from which an explanation starts.

If it started from the mean of all parcels, every walk-in parcel would be explained by being one, and all explanations
would be alike. So a parcel is compared with clean parcels of its own kind, at the same point of their way. The kinds
are parcels that people hand in at a counter, and bulk of agreement customers, which no counter sees.
"""

import numpy as np
from numpy.typing import NDArray

from parcelward.features.table import MODEL_FEATURES
from parcelward.model.trees import Floats, Matrix, Trees

LEAST_PEERS = 4  # fewer say more about themselves than about what is usual

Flags = NDArray[np.bool_]

_IS_PERSON = MODEL_FEATURES.index("is_person")
_INSPECTED = MODEL_FEATURES.index("inspection_duration_s")
_OF_COUNTER_STAFF = [MODEL_FEATURES.index(name) for name in ("operator_gap_s", "operator_manual_share_1d")]
_KINDS = 4


class TypicalContributions:
    """Mean contributions of clean parcels, for counter and bulk, before and after the inspection."""

    def __init__(self, means: Floats) -> None:
        self._means = means

    @classmethod
    def none(cls) -> "TypicalContributions":
        """Know nothing about clean parcels: contributions count from the mean of all parcels, the trees' bias."""
        return cls(np.zeros((_KINDS, len(MODEL_FEATURES))))

    @classmethod
    def of(cls, trees: Trees, sample: Matrix, scores: Floats, threshold: float) -> "TypicalContributions":
        """Average the rows of a sample that score under the threshold. The further under it, the more a row weighs.

        A kind with too few such rows takes all of counter or all of bulk, inspected or not; else the rows of all kinds.
        """
        clean = (scores < threshold) & ~np.isnan(sample).all(axis=1)
        if not clean.any():
            return cls.none()
        rows, weight = sample[clean], 1 - scores[clean] / threshold
        moved, kinds = trees.contributions(rows), _kind(rows)
        groups = [_peers(kinds, kind) for kind in range(_KINDS)]
        return cls(np.array([np.average(moved[peers], axis=0, weights=weight[peers]) for peers in groups]))

    def for_rows(self, matrix: Matrix) -> Floats:
        """Contributions that each row of `matrix` would have if it were ordinary. Shape (rows, features)."""
        means: Floats = self._means[_kind(matrix)]
        return means


def _kind(matrix: Matrix) -> NDArray[np.intp]:
    """Kind of each row: 0 bulk, 2 counter; 1 and 3 the same once inspected.

    Bulk parcels are known not to be sent by a person, and their operator serves no persons.
    """
    bulk = (matrix[:, _IS_PERSON] == 0) & np.isnan(matrix[:, _OF_COUNTER_STAFF]).all(axis=1)
    return np.where(bulk, 0, 2) + ~np.isnan(matrix[:, _INSPECTED])


def _peers(kinds: NDArray[np.intp], kind: int) -> Flags:
    choices: tuple[Flags, ...] = (kinds == kind, kinds // 2 == kind // 2)
    return next((peers for peers in choices if peers.sum() >= LEAST_PEERS), np.ones(len(kinds), dtype=bool))
