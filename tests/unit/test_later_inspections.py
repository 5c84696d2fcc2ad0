"""A later inspection takes back nothing that it is silent about; of two at the same time the graver one stands."""

import json
from typing import Any

import pytest

from parcelward.features.table import INDEX
from parcelward.screening.in_memory import Result
from parcelward.shipments.shipment import decode_shipment, ledger_key
from parcelward.stage import Record
from tests.builders import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    T0,
    alerts_of,
    feed_all,
    inspection,
    moment,
    pipeline,
    real_name,
    record,
)

FOUND: list[dict[str, Any]] = [
    {"found_goods": "打火机"},
    {"found_category": "03"},
    {"found_category": "17"},
    {"found_goods": "打火机", "found_category": "03", "result": "refused_prohibited"},
]
OLD_PHOTO: dict[str, Any] = {"photos": [{"sha256": "ab" * 32, "taken_at": moment(T0 - 2 * HOUR)}]}
SEALED_FIRST: dict[str, Any] = {"started_at": moment(T0 + MINUTE), "sealed_at": moment(T0 - 5 * MINUTE)}


def rewritten(one: Record) -> Record:
    """The same event with other white space in its JSON."""
    return one._replace(value=json.dumps(json.loads(one.value or b""), indent=1).encode())


def screened(*told: tuple[dict[str, Any], int, str]) -> tuple[Result, list[str]]:
    """The last result of events after a real name, and the rules of the last alert."""
    line = pipeline()
    events = [record(real_name(), event_id="r")]
    events += [record(data, T0 + at, T0 + DAY + n, name) for n, (data, at, name) in enumerate(told)]
    last: list[str] = []
    result = None
    for one in events:
        result = line.feed([one])
        for alert in alerts_of(result):
            last = [finding.rule for finding in alert.findings]
    assert result is not None
    return result, last


@pytest.mark.parametrize("found", FOUND)
@pytest.mark.parametrize("silent", [{}, {"found_goods": "羽绒服"}, {"opened": False}])
def test_what_an_inspection_found_stays_found_whatever_a_later_one_leaves_out(
    found: dict[str, Any], silent: dict[str, Any]
) -> None:
    first, later = (inspection(**found), MINUTE, "a"), (inspection(**silent), 2 * MINUTE, "b")
    assert "F1" in screened(first, later)[1]
    assert "F1" in screened(later, first)[1], "in the other order too"


@pytest.mark.parametrize("found", FOUND)
def test_a_correction_of_that_inspection_takes_back_what_it_found_and_of_another_does_not(
    found: dict[str, Any],
) -> None:
    told = [(inspection(**found), MINUTE, "a"), (inspection(), 2 * MINUTE, "b")]
    assert "F1" in screened(*told, (inspection(corrects="b", weight_g=910), 3 * MINUTE, "c"))[1]
    assert screened(*told, (inspection(corrects="a"), 3 * MINUTE, "c"))[1] == []


@pytest.mark.parametrize(
    ("rule", "said"),
    [("R11", OLD_PHOTO), ("R3B", SEALED_FIRST), ("R13", {"weight_g": 9000})],
    ids=["photos", "times", "weight"],
)
def test_what_a_later_inspection_leaves_out_is_what_the_one_before_said(rule: str, said: dict[str, Any]) -> None:
    first, silent = (inspection(**said), MINUTE, "a"), (inspection(), 20 * MINUTE, "b")
    alone, after = screened(first), screened(first, silent)
    assert rule in alone[1]
    assert rule in after[1]
    for name in ("photo_age_min", "inspection_duration_s", "weight_change_g"):
        assert after[0].rows[-1].row[INDEX[name]] == alone[0].rows[-1].row[INDEX[name]], "as of that inspection"


@pytest.mark.parametrize(("one", "other"), [("a", "b"), ("b", "a")])
@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("F1", {"found_goods": "打火机"}),
        ("R3C", {"result": "not_done"}),
        ("R3D", {"opened": False}),
        ("R3B", SEALED_FIRST),
    ],
    ids=["found", "not done", "not opened", "sealed before"],
)
def test_of_two_inspections_at_the_same_time_the_graver_one_stands(
    rule: str, said: dict[str, Any], one: str, other: str
) -> None:
    fine = {"started_at": moment(T0 + MINUTE), "sealed_at": moment(T0 + 2 * MINUTE)} if rule == "R3B" else {}
    told = [(inspection(**fine), 2 * MINUTE, one), (inspection(**said), 2 * MINUTE, other)]
    assert rule in screened(*told)[1]
    assert rule in screened(*reversed(told))[1]


@pytest.mark.parametrize("corrected", [False, True])
def test_no_number_of_later_events_pushes_out_what_was_found(corrected: bool) -> None:
    told = [(inspection(found_goods="打火机"), MINUTE, "found")]
    told += [
        (inspection(weight_g=900 + n, **({"corrects": f"e{n - 1}"} if corrected and n else {})), n * MINUTE, f"e{n}")
        for n in range(2 if corrected else 1, 60)
    ]
    if corrected:
        told.insert(1, (inspection(), 2 * MINUTE, "e1"))
    assert "F1" in screened(*told)[1]


def test_the_card_says_which_inspection_found_it_and_how_long_that_one_took_that_says_it() -> None:
    line = pipeline()
    first = inspection(found_goods="打火机", operator="E1", started_at=moment(T0 + MINUTE))
    feed_all(line, [record(real_name()), record(inspection(operator="E2"), T0 + 20 * MINUTE)])
    alert = alerts_of(line.feed([record(first, T0 + 2 * MINUTE, T0 + 30 * MINUTE)]))[-1]
    assert alert.card is not None
    assert alert.card.inspection is not None
    assert (alert.card.inspection.operator, alert.card.inspection.duration_s) == ("E2", 60)
    assert alert.card.goods.found == "打火机"
    assert "an earlier inspection, by E1, wrote down “打火机”" in alert.card.next_step.en


# -- times inside a correction ---------------------------------------------------------------------------------------


def test_a_late_correction_does_not_clear_what_the_same_times_showed() -> None:
    wrong = (inspection(weight_g=900, **SEALED_FIRST), 3 * MINUTE, "a")
    right = (inspection(weight_g=905, corrects="a", **SEALED_FIRST), 2 * DAY, "b")
    line = pipeline()
    feed_all(line, [record(real_name()), record(wrong[0], T0 + wrong[1], event_id="a")])
    result = line.feed([record(right[0], T0 + right[1], T0 + right[1], "b")])
    assert result.rows[-1].row[INDEX["sealed_before_inspection"]] is True
    assert [alert.state.value for alert in alerts_of(result)] in ([], ["open"])


@pytest.mark.parametrize("correction_first", [False, True])
def test_a_correction_that_was_made_at_another_time_accuses_nobody(correction_first: bool) -> None:
    """It repeats the sealing, and says when it began itself."""
    photo = {"sha256": "ab" * 32}
    original = inspection(
        started_at=moment(T0 + MINUTE),
        sealed_at=moment(T0 + 3 * MINUTE),
        photos=[photo | {"taken_at": moment(T0 + 2 * MINUTE)}],
    )
    correction = inspection(
        corrects="a",
        started_at=moment(T0 + 2 * HOUR),
        sealed_at=moment(T0 + 3 * MINUTE),
        photos=[photo | {"taken_at": moment(T0 + 2 * HOUR)}, photo | {"taken_at": moment(T0 + 2 * MINUTE)}],
    )
    told = [(original, 4 * MINUTE, "a"), (correction, 2 * HOUR + SECOND, "b")]
    result, rules = screened(*(reversed(told) if correction_first else told))
    row = result.rows[-1].row
    assert rules == []
    assert [row[INDEX[name]] for name in ("sealed_before_inspection", "inspection_duration_s", "photo_age_min")] == [
        None,
        None,
        2.0,
    ]


def test_a_resent_correction_is_a_duplicate_though_its_times_were_bounded() -> None:
    line = pipeline()
    late = inspection(corrects="a", started_at=moment(T0 + 2 * HOUR), **OLD_PHOTO)
    feed_all(line, [record(real_name()), record(inspection(), T0 + MINUTE, event_id="a")])
    feed_all(
        line, [record(late, T0 + 2 * HOUR, event_id="b"), rewritten(record(late, T0 + 2 * HOUR, T0 + 3 * HOUR, "b"))]
    )
    state = decode_shipment(line.cells["duties"][0].state[ledger_key("swift", "SF0000000000001")])
    assert (state.conflicts, state.duplicates) == (0, 1)
