"""Views of a model: each scores the rows in which certain columns are unknown, without these columns.

Most parcels are bulk of agreement customers, whose senders are not looked up, and half of all passes come before the
inspection. A third to a half of the columns of such rows is unknown. Without them a score costs a third less.
"""

from collections.abc import Sequence
from itertools import chain
from operator import itemgetter

import numpy as np
import onnxruntime

from parcelward.features.table import FEATURES, INDEX, MODEL_FEATURES, OF_SENDER, EvidenceKind, Row
from parcelward.model.narrow import narrowed
from parcelward.model.trees import Matrix

INPUT, SCORE = "features", "score"  # names inside the artefact

_SENDER, _PHONE, _INSPECTED = INDEX["sender_sends_1h"], INDEX["phone_documents_1d"], INDEX["inspection_mark"]
OF_INSPECTION = frozenset(one.name for one in FEATURES if one.model and one.evidence is EvidenceKind.INSPECTION)
"""Features that are all unknown until an inspection has arrived."""

_take = itemgetter(*(INDEX[name] for name in MODEL_FEATURES))


class ModelView:
    """The model for rows in which some features are unknown. It looks only at the others, and scores the same."""

    def __init__(self, artefact: bytes, unknown: frozenset[str]) -> None:
        """Raises ValueError, or what ONNX Runtime raises, for an artefact that is none of ours."""
        columns = [column for column, name in enumerate(MODEL_FEATURES) if name not in unknown]
        self._width = len(columns)
        self._take = itemgetter(*(INDEX[MODEL_FEATURES[column]] for column in columns))
        self._session = _session(narrowed(artefact, columns) if unknown else artefact)

    def score(self, rows: Sequence[Row]) -> list[float]:
        """Score of each row, 0 to 1."""
        return self.score_matrix(_matrix(rows, self._take, self._width))

    def score_matrix(self, matrix: Matrix) -> list[float]:
        """Score of each line of a matrix whose columns are the features that this view looks at."""
        scores: list[float] = self._session.run((SCORE,), {INPUT: matrix})[0][:, 0].tolist()
        return scores


class ModelViews:
    """The views of one model: for rows whose sender was looked up, for other inspected rows, for other rows."""

    def __init__(self, artefact: bytes) -> None:
        self.whole = ModelView(artefact, frozenset())
        self._views = (self.whole, ModelView(artefact, OF_SENDER), ModelView(artefact, OF_SENDER | OF_INSPECTION))

    def score(self, rows: Sequence[Row]) -> list[float]:
        """Score of each row (all FEATURES in order, None unknown), 0 to 1."""
        places: tuple[list[int], ...] = tuple([] for _ in self._views)
        for place, row in enumerate(rows):
            if row[_SENDER] is not None or row[_PHONE] is not None:
                places[0].append(place)
            else:
                places[2 if row[_INSPECTED] is None else 1].append(place)
        scores = [0.0] * len(rows)
        for view, mine in zip(self._views, places, strict=True):
            if mine:
                for place, score in zip(mine, view.score([rows[place] for place in mine]), strict=True):
                    scores[place] = score
        return scores


def model_matrix(rows: Sequence[Row]) -> Matrix:
    """MODEL_FEATURES of rows as float32, one line a row: None becomes NaN, booleans 0 and 1."""
    return _matrix(rows, _take, len(MODEL_FEATURES))


def _matrix(rows: Sequence[Row], take: "itemgetter[tuple[float | None, ...]]", width: int) -> Matrix:
    """The `width` values that `take` picks from each row, one line a row.

    Fastest of twelve ways measured (about 35 ns per value): numpy itself turns None into NaN.
    """
    values = chain.from_iterable(map(take, rows))
    return np.fromiter(values, dtype=np.float32, count=len(rows) * width).reshape(len(rows), width)


def _session(artefact: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only; they are raised as well
    return onnxruntime.InferenceSession(artefact, options, providers=["CPUExecutionProvider"])
