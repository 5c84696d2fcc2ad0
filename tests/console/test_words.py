"""The console's words: each that a page asks for is there in both languages, and none is left over."""

import re
from pathlib import Path
from string import Formatter

import pytest

import parcelward.console.web
from parcelward.console.choices import DECISIONS, INSTRUCTIONS, PUT_OFF
from parcelward.console.people.roles import Role
from parcelward.console.store.desk import DeskFilter, View, list_alerts
from parcelward.console.web.courier_rows import MEASURES
from parcelward.console.web.course import MOVERS, OVERDUE
from parcelward.console.web.credit_rows import FIGURES
from parcelward.console.web.pages.audit import COLUMNS
from parcelward.console.web.rendering import PROPOSED
from parcelward.console.web.words import KEYS, WORDS, word
from parcelward.contract.alerts import Action, Lane, Severity
from parcelward.contract.cards import ProfileOf
from parcelward.contract.decisions import Parcel
from parcelward.contract.reasons import Reason
from parcelward.contract.referrals import SubjectKind
from parcelward.contract.steps import AnswerResult, InstructionAction, OutcomeKind, ReferralState, StepKind, StepReason
from parcelward.draws.visits import VisitResult
from tests.console.conftest import Console

FOLDER = Path(parcelward.console.web.__file__).parent
SOURCES = {path.name: path.read_text() for path in FOLDER.rglob("*") if path.suffix in (".html", ".py")}
FAMILIES = {
    "lane_": Lane,
    "severity_": Severity,
    "state_": ReferralState,
    "step_": DECISIONS,
    "did_": [one for one in StepKind if one not in ("answer", "revise", "worsen", "withdraw")],
    "outcome_": OutcomeKind,
    "parcel_": Parcel,
    "instruction_": InstructionAction,
    "result_": AnswerResult,
    "action_": Action,
    "role_": Role,
    "view_": View,
    "wait_": PUT_OFF,
    "subject_": SubjectKind,
    "refused_": StepReason,
    "mover_": MOVERS,
    "before_": ("waybill", "document", "phone", "operator", "outlet"),
    "measure_": (*MEASURES, "answers"),
    "credit_": (*FIGURES, *(f"{name}_means" for name in FIGURES), "rests", "rests_cut", "few"),
    "place_": ("desk", "couriers", "rules", "model", "checks", "duty", "audit", "parcels", "design"),
    "share_": ("rests", "few", "none"),
    "wrong_": ("rests", "few", "none"),
    "checks_": ("drawn", "done", "found", "open", "late", "not_looked_at"),
    "visit_": VisitResult,
    "kind_": DECISIONS,
    "column_": COLUMNS,
    "cause_": (*Reason, "other"),
    "columns_": ("5min", "hour", "day"),
    "course_": OVERDUE,
    "profile_": (*(f"of_{one}" for one in ProfileOf), "events", "new_values"),
    "sign_": (
        *(one for one in StepKind if one not in ("answer", "revise", "worsen", "withdraw")),
        *("accepted", "inspected", "scanned", "late", "raised", "revised", "told", "answered", "due", "not_taken"),
    ),
    "group_": ("red", "shift", "newest", "red_hint", "shift_hint", "newest_hint"),
    "http_": ("400", "403", "404", "429", "400_text", "403_text", "404_text", "429_text"),
}
ASKED = re.compile(r"""(?:\bt|word)\(f?["']([a-z0-9_]+)["']""")
NAMED = re.compile(r'"((?:problem|fate|key|course|refused)_[a-z_]+)"')


def asked() -> set[str]:
    """Words that templates and pages ask for by name, and those of every value of a list."""
    named = {key for text in SOURCES.values() for key in (*ASKED.findall(text), *NAMED.findall(text))}
    choices = (FOLDER.parent / "choices.py").read_text()
    listed = {prefix + str(value) for prefix, values in FAMILIES.items() for value in values}
    found = named | set(NAMED.findall(choices)) | listed
    return {key for key in found if not key.endswith("_") and "later_version" not in key}


def test_every_word_is_there_and_none_is_left_over() -> None:
    assert asked() - WORDS.keys() == set()
    assert WORDS.keys() - asked() == set()


@pytest.mark.parametrize("key", WORDS)
def test_both_languages_have_the_same_places(key: str) -> None:
    zh, en = ({name for _, name, _, _ in Formatter().parse(text) if name} for text in WORDS[key])
    assert zh == en
    assert all(text.strip() for text in WORDS[key]) or key == "group_newest_hint"


def test_instructions_of_people_are_those_of_the_contract() -> None:
    assert set(INSTRUCTIONS) == set(InstructionAction) - {"release", "proceed"}


def test_every_key_of_the_help_is_obeyed_by_a_page_or_the_script() -> None:
    script = (FOLDER / "static" / "live.js").read_text()
    templates = "".join(text for name, text in SOURCES.items() if name.endswith(".html"))
    for shown, _ in KEYS:
        for key in ("1",) if shown == "1–5" else shown.split():
            fixed = f'data-key="{key}"' in templates or f'"{key}"' in script
            drawn = f'"{key}"' in templates or f"'{key}'" in templates or key == "1"
            assert fixed or drawn, key


def test_a_list_leaves_out_of_a_summary_what_is_proposed(console: Console) -> None:
    line = next(one for one in list_alerts(console.platform.database, DeskFilter()).lines if one.lane == "red")
    assert line.summary is not None
    assert PROPOSED["en"] in line.summary.en
    assert PROPOSED["zh"] in line.summary.zh


def test_a_word_that_nobody_wrote_raises() -> None:
    with pytest.raises(KeyError):
        word("nothing_of_this_name", "en")
