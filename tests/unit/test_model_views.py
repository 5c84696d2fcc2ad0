"""Rows are scored over the columns that their evidence can tell: the very same scores as over all of them."""

from pathlib import Path
from random import Random

import numpy as np
import pytest

from parcelward.features.table import INDEX, MODEL_FEATURES, OF_SENDER, Row
from parcelward.model import RiskModel, load_model
from parcelward.model.narrow import narrowed
from parcelward.model.trees import Trees
from parcelward.model.views import OF_INSPECTION, ModelView, model_matrix
from tests.builders import GOOD_ID, MINUTE, T0, feed_all, inspection, pipeline, real_name, record, scan

RELEASE = Path(__file__).parents[2] / "models" / "current"
ARTEFACT = (RELEASE.parent / RELEASE.read_text().strip() / "model.onnx").read_bytes()
AGREEMENT = {"kind": "agreement", "agreement_id": "A"}


@pytest.fixture(scope="module")
def model() -> RiskModel:
    return load_model(RELEASE)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Parcels of all kinds of senders, with and without each piece of evidence, in any order."""
    senders = [
        {},
        {"sender": AGREEMENT},
        {"sender": {**AGREEMENT, "document": GOOD_ID}},
        {"sender": {"kind": "organisation"}},
    ]
    events = []
    for number in range(60):
        waybill, at = f"SF{number:013d}", T0 + number * MINUTE
        accepted = record(real_name(waybill, **senders[number % len(senders)]), at)
        checked = record(inspection(waybill, found_goods="羽绒服", weight_g=1500 + number), at + 1000)
        first, second = (accepted, checked) if number % 3 else (checked, accepted)
        events += [first, second][: 1 + number % 5]
        if number % 7 == 0:
            events.append(record(scan(waybill), at + 2000))
    return [one.row for one in feed_all(pipeline(), events).rows]


def known(row: Row, names: frozenset[str]) -> set[str]:
    return {name for name in names if row[INDEX[name]] is not None}


def test_scores_are_those_of_the_whole_model(model: RiskModel, rows: list[Row]) -> None:
    assert model.score(rows) == model.score_matrix(model_matrix(rows))
    assert len({known(row, OF_SENDER) != set() for row in rows}) == 2
    assert len({known(row, OF_INSPECTION) != set() for row in rows}) == 2


def test_what_one_piece_of_evidence_tells_is_unknown_together(rows: list[Row]) -> None:
    unprofiled = [row for row in rows if row[INDEX["sender_sends_1h"]] is row[INDEX["phone_documents_1d"]] is None]
    uninspected = [row for row in rows if row[INDEX["inspection_mark"]] is None]
    assert unprofiled
    assert uninspected
    assert not [row for row in unprofiled if known(row, OF_SENDER)]
    assert not [row for row in uninspected if known(row, OF_INSPECTION)]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_any_columns_may_be_left_out_where_they_are_unknown(share: float) -> None:
    chance, whole = Random(share), ModelView(ARTEFACT, frozenset())
    unknown = frozenset(name for name in MODEL_FEATURES if chance.random() < share)
    rows: list[Row] = [
        [None if name in unknown or chance.random() < 0.2 else chance.choice([0, 1, 3, 40, 0.3]) for name in INDEX]
        for _ in range(300)
    ]
    scores = ModelView(ARTEFACT, unknown).score(rows)
    assert scores == whole.score(rows)
    assert np.ptp(scores) > 0, "a flat model would prove nothing"


def test_a_narrowed_model_is_smaller_and_has_as_many_trees() -> None:
    smaller = narrowed(ARTEFACT, range(20))
    assert len(smaller) < len(ARTEFACT) / 2
    assert Trees.read(smaller).count == Trees.read(ARTEFACT).count


def test_an_artefact_without_trees_is_refused() -> None:
    with pytest.raises(ValueError, match="TreeEnsembleRegressor"):
        narrowed(b"", range(3))
