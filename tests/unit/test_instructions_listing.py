"""A courier is told what stands, by when, what was released, and that nothing is known of a parcel."""

from datetime import timedelta
from typing import Any

import pytest

from parcelward.cli.instructions import instruction_text, last_words, notes
from parcelward.contract.cards import Bilingual
from parcelward.contract.instructions import Instruction
from parcelward.contract.steps import InstructionAction
from parcelward.desk.states import instruction_meant, last_told
from parcelward.errors import UserError
from parcelward.moments import CHINA, utc
from parcelward.stage import Record
from tests.builders import MINUTE, SECOND, T0
from tests.lives import ALERT

WORDS = Bilingual(zh="原因", en="why")
HELD, FREED, CLEAN = "SF0000000000001", "SF0000000000002", "LATE1"
LATER = "0a7f7f0e-51a5-5011-b42d-00c04fc964ff"
OTHER = "77777777-51a5-5011-b42d-00c04fc964ff"
ISSUED = utc(T0)
ARRIVED = T0 + 5 * SECOND


def record(waybill: str, action: str, **changes: Any) -> Record:
    values: dict[str, Any] = {"alert_id": ALERT, "revision": 1, "courier": "swift", "outlet": "HZ-01", "hold": False}
    values |= {
        "waybill": waybill,
        "action": InstructionAction(action),
        "issued_at": ISSUED,
        "why": WORDS,
        "task": WORDS,
    } | changes
    value = Instruction(**values).model_dump_json().encode()
    return Record("instructions.swift", 0, 0, ARRIVED, waybill.encode(), value)


DAY = (
    record(HELD, "hold", hold=True, answer_within_s=600),
    record(FREED, "reinspect", alert_id=LATER),
    record(FREED, "release", alert_id=LATER, revision=2),
    record(CLEAN, "proceed", alert_id=OTHER, revision=0),
)


def actions(waybill: str | None) -> list[InstructionAction]:
    return [one.instruction.action for one in last_words(last_told(DAY, waybill).values(), waybill)]


def said(waybill: str | None, lang: Any = "en") -> str:
    return "\n".join(notes(last_told(DAY, waybill).values(), waybill, lang))


def test_the_last_word_about_a_parcel_is_shown_whatever_it_is() -> None:
    assert [actions(one) for one in (HELD, FREED, CLEAN, "SF9")] == [["hold"], ["release"], ["proceed"], []]
    assert said("SF9") == "no word yet about SF9; that does not say that it may travel"
    assert said("SF9", "zh") == "尚无关于SF9的指令；这不表示可以交运"
    assert said(FREED) == ""


def test_a_list_of_all_counts_what_stands_and_what_was_released() -> None:
    assert actions(None) == ["hold"]
    assert said(None).startswith("1 instruction stands; 1 parcel was released\nanswers are not shown")
    assert list(notes([], None, "en")) == ["0 instructions stand; 0 parcels were released"]


@pytest.mark.parametrize(
    ("minutes", "en", "zh"),
    [
        (3, "(7 minutes left)", "（剩余7分钟）"),
        (15, "(overdue for 4 minutes, unless answered)", "（已超时4分钟，已答复的除外）"),
    ],
)
def test_a_deadline_is_a_time_and_says_how_much_is_left(minutes: int, en: str, zh: str) -> None:
    (told,) = last_words(last_told(DAY).values(), None)
    now = ISSUED + timedelta(milliseconds=minutes * MINUTE)
    shown = instruction_text(told, "en", CHINA, now).plain
    assert f"issued 11-23 10:00:00, answer by 11-23 10:10:05 {en}, the parcel stays where it is" in shown
    assert f"11-23 10:00:00 发出，11-23 10:10:05 前答复{zh}，快件暂扣" in instruction_text(told, "zh", CHINA, now).plain


def test_an_instruction_of_a_person_says_when_its_time_ends() -> None:
    (told,) = last_told([record(HELD, "hold", revision=3, answer_by=ISSUED + timedelta(minutes=30))]).values()
    assert "answer by 11-23 10:30:00 (30 minutes left)" in instruction_text(told, "en", CHINA, ISSUED).plain


def test_an_answer_without_an_instruction_says_that_none_stands_for_the_waybill() -> None:
    standing = last_told(DAY, HELD)
    assert instruction_meant(HELD, standing).alert_id == instruction_meant(ALERT[:6], standing).alert_id == ALERT
    for waybill in ("LATE1", "GOOD1795990524"):
        with pytest.raises(
            UserError, match=f"^no instruction stands for waybill {waybill}, and no alert's id begins so$"
        ):
            instruction_meant(waybill, standing)
    assert instruction_meant(CLEAN, last_told(DAY, CLEAN)).action == "proceed"
    with pytest.raises(UserError, match="write at least the first 6 characters"):
        instruction_meant(ALERT[:3], standing)
