"""The ten alerts that people have judged are on their page as the code shows them now."""

import re

import pytest

from tests.judged.page import BLOCK, PAGE, newest_alerts, printed, shown

TEXT = PAGE.read_text(encoding="utf-8")
WAYBILLS = list(dict.fromkeys(block["waybill"] for block in BLOCK.finditer(TEXT)))


def test_the_page_shows_the_alerts_as_they_are_now() -> None:
    assert printed(TEXT) == TEXT, "run `python -m tests.judged`, read what moved, and judge it anew"


def test_there_are_ten_alerts_each_in_both_languages_and_judged() -> None:
    blocks = [(block["waybill"], block["language"]) for block in BLOCK.finditer(TEXT)]
    assert len(WAYBILLS) == 10
    assert blocks == [(waybill, language) for waybill in WAYBILLS for language in ("zh", "en")]
    assert TEXT.count("\n**Judged:") == 10


def test_the_ten_differ_in_what_was_found_in_where_the_parcel_is_and_in_what_is_to_be_done() -> None:
    alerts = [newest_alerts()[waybill] for waybill in WAYBILLS]
    assert len({alert.findings[0].rule if alert.findings else "cleared" for alert in alerts}) == 10
    assert len({alert.action for alert in alerts}) >= 5
    assert len({alert.card.whereabouts.state for alert in alerts if alert.card is not None}) >= 3


@pytest.mark.parametrize("waybill", WAYBILLS)
def test_no_line_of_an_alert_says_what_another_says(waybill: str) -> None:
    lines = [line.strip() for line in shown(waybill, "zh").splitlines() if "法律依据" not in line]
    said = [line.partition("：")[2] for line in lines[1:] if not line.startswith(("证据", "联系", "解除条件"))]
    assert [one for one in said if one and said.count(one) > 1] == []


@pytest.mark.parametrize("waybill", WAYBILLS)
def test_an_english_alert_has_chinese_only_where_a_courier_wrote_it(waybill: str) -> None:
    alert = newest_alerts()[waybill]
    assert alert.card is not None
    text = re.sub("“[^”]*”", "", shown(waybill, "en"))
    for words in filter(None, (alert.card.goods.found, alert.parties.name_mask)):
        text = text.replace(words, "")
    assert not [sign for sign in text if "一" <= sign <= "鿿"], text
