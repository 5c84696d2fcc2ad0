"""Text from outside is shown escaped: it neither moves the terminal nor forges a line, in whichever listing it is."""

import json
import unicodedata
from datetime import UTC
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from parcelward import cli
from parcelward.alerts.page import alert_page
from parcelward.alerts.terminal import Language, alert_lines
from parcelward.cli.alerts import lines_of
from parcelward.cli.refusals import describe, refusal_line
from parcelward.cli.tables import tab_separated
from parcelward.contract.alerts import Alert
from parcelward.contract.events import EventType
from parcelward.escaping import escaped, escaped_json, escaped_lines, json_line
from tests.builders import MINUTE, T0, alerts_of, feed_all, inspection, moment, pipeline, real_name, record

HOSTILE = "汽油\x1b[2J\x9b31m\u202e\r\n SAMPLED nothing found\u200b\u2028"
UNSEEN: tuple[Any, ...] = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def is_fit(text: str) -> bool:
    """Nothing in it moves a terminal; its own lines are made of newlines alone."""
    return all(char == "\n" or unicodedata.category(char) not in UNSEEN for char in text)


@given(st.text())
def test_what_is_escaped_is_one_line_that_can_be_seen_and_stays_when_escaped_again(text: str) -> None:
    shown = escaped(text)
    assert is_fit(shown)
    assert "\n" not in shown
    assert escaped(shown) == shown


@given(st.text(st.characters(exclude_categories=UNSEEN)))
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    assert escaped(text) == text


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_json_says_the_same_and_holds_nothing_unseen(value: Any) -> None:
    for line in (json_line(value), escaped_json(json.dumps(value, ensure_ascii=False))):
        assert json.loads(line) == value
        assert is_fit(line)
        assert "\n" not in line


def test_lines_of_our_own_stay_lines() -> None:
    assert escaped_lines("one\ntwo\x1b") == "one\ntwo\\x1b"


@pytest.fixture(scope="module")
def hostile() -> list[Alert]:
    """Alerts, the last one cleared, with hostile text in everything that a courier writes freely."""
    declared = record(real_name(goods={"name": HOSTILE}, sender={"name": "王\u202e"}), event_id="a")
    seen = record(inspection(found_goods=f"海洛因{HOSTILE}"), T0 + MINUTE, event_id="b")
    mended = record(real_name(corrects="a"), T0 + 2 * MINUTE)
    harmless = record(inspection(corrects="b"), T0 + 3 * MINUTE)
    alerts = alerts_of(feed_all(pipeline(), [declared, seen, mended, harmless]))
    assert alerts[-1].state == "cleared_by_evidence"
    assert alerts[0].card is not None
    assert "\x1b" in str(alerts[0].card.goods.declared), "data stays as it is; it is shown escaped"
    return alerts


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_alert_is_fit_to_be_shown_in_the_list_and_in_full(hostile: list[Alert], language: Language) -> None:
    for alert in hostile:
        for text in (alert_lines(alert, language).plain, alert_page(alert, language).plain):
            assert is_fit(text)
            assert not [line for line in text.split("\n") if line.lstrip().startswith("SAMPLED")]
    assert "\\x1b[2J" in alert_lines(hostile[0], language).plain


def test_what_we_say_of_hostile_text_is_fit_to_be_shown_by_others(hostile: list[Alert]) -> None:
    for alert in hostile:
        said = [alert.summary, *(finding.reason for finding in alert.findings), *(one.text for one in alert.changes)]
        assert all(is_fit(text.zh + text.en) and "\n" not in text.zh + text.en for text in said)


def test_what_the_console_prints_of_an_alert_moves_no_terminal(hostile: list[Alert]) -> None:
    console = Console(force_terminal=False, width=300)
    with console.capture() as captured:
        for alert in hostile:
            console.print(alert_lines(alert, "zh"), soft_wrap=True)
            console.print(lines_of(SimpleNamespace(topic="t", partition=0, offset=1), None, "zh"))
    assert is_fit(captured.get())


def test_a_refused_record_is_fit_to_be_shown() -> None:
    hostile = HOSTILE.encode()
    headers = [(f"pw_{name}", hostile) for name in ("reason", "detail", "topic", "partition", "offset", "rejected_at")]
    refused = SimpleNamespace(headers=headers, key=hostile, value=hostile + b"\xff\n")
    shown = refusal_line(describe(refused, show_value=True), 0, UTC).plain
    assert is_fit(shown)
    assert shown.count("\n") == 1


def test_cells_of_a_list_are_fit_to_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    tab_separated(("a", "b"), [(HOSTILE, "\x1b]0;title\x07")])
    out = capsys.readouterr().out
    assert is_fit(out.replace("\t", " "))
    assert out.count("\n") == 2


def test_validate_repeats_nothing_raw(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    event = {
        "specversion": "1.0",
        "id": HOSTILE,
        "source": HOSTILE,
        "type": HOSTILE,
        HOSTILE: 1,
        "data": {HOSTILE: HOSTILE},
    }
    file.write_text(json.dumps(event) + "\n" + json.dumps({HOSTILE: HOSTILE}) + "\n")
    answer = CliRunner().invoke(cli.app, ["validate", str(file)])
    assert is_fit(answer.output)


@pytest.mark.parametrize("command", [["alerts", "--rule", HOSTILE], ["alerts", "--since", HOSTILE]])
def test_a_mistake_is_named_escaped(command: list[str]) -> None:
    answer = CliRunner().invoke(cli.app, command)
    assert is_fit(str(answer.exception))
    assert "\\x1b" in str(answer.exception)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_screened_file_is_fit_to_be_shown(tmp_path: Path, options: list[str]) -> None:
    file = tmp_path / "events.jsonl"
    head = {"specversion": "1.0", "source": "/counter", "time": moment(T0), "datacontenttype": "application/json"}
    event = {**head, "id": "1", "type": EventType.REAL_NAME.value, "data": real_name(goods={"name": HOSTILE})}
    broken = {**head, "id": "2", "type": HOSTILE, "data": {}}
    file.write_text("\n".join(json.dumps(one, ensure_ascii=False) for one in (event, broken)), encoding="utf-8")
    answer = CliRunner().invoke(cli.app, ["screen", str(file), *options])
    assert "R14" in answer.output
    assert is_fit(answer.output)
