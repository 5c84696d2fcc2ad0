"""Personal values of every form go in; no record between the stages, no state, alert, log or output holds one."""

import json
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from parcelward.cli import app
from parcelward.counts import REJECTED
from parcelward.intake.event_file import record_of
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Pipeline
from parcelward.stage import Record
from tests.builders import T0, feed_all, inspection, moment, real_name, record, settings, type_of

SETTINGS = settings()
STAGES = build_stages(SETTINGS)
IN_TEXT = [
    "139,1234,5606",
    "139.1234.5606",
    "139~1234~5606",
    "(139)(1234)(5606)",
    "139/1234/5606",
    "139|1234|5606",
    "139★1234★5606",
    "139的1234的5606",
    "138 - 0000 - 1234",
    "1 3 9 1 2 3 4 5 6 0 6",
    "一三九一二三四五六零六",
    "幺三九幺两三四五六洞六",
    "139①②③④5606",
    "１３９１２３４５６０６",
    "ⅠⅢⅨⅠⅡⅢⅣⅤⅥ0Ⅵ",
    "¹³⁹¹²³⁴⁵⁶⁰⁶",
    "l39l23456O6",
    "0571 8765 4321",
    "021-6123-4567",
    "852 9123 4567",
    "6222 0212 3456 7890",
    "canary.bird@163.com",
    "canary.bird(at)163.com",
    "A123456(3)",
    "a 123456 (3)",
    "EA1234567",
    "110105 19491231 002X",
    "110105/19491231/002X",
    "浙A12345",
]
AFTER_A_WORD = {
    "6123456": ["电话{}", "tel {}", "传真：{}", "微信 {}", "QQ:{}"],
    "canary_bird88": ["微信{}", "vx {}", "V:{}", "加v {}", "wechat id: {}", "薇❤{}", "抖音号{}"],
    "138号2单元402室": ["西湖区文三路{}"],
    "8-2-501": ["阳光花园{}"],
    "E 1234 5678": ["护照 {}"],
}
TEXTS = [(canary, canary) for canary in IN_TEXT] + [
    (canary, form.format(canary)) for canary, forms in AFTER_A_WORD.items() for form in forms
]
IN_FIELDS = {
    "document_number": "11010519491231002X",
    "name": "金丝雀某甲",
    "phone": "0571-87654321-801",
}
CODES = ("13712349876", "11010519491231002X", "137-1234-9876")
NOT_CAUGHT = [
    "139*1234*5606",
    "139x1234x5606",
    "139a1234a5606",
    "yi san jiu yi er san",
    "8765 4321",
    "某某学校3号宿舍",
    "收件人金丝雀",
]


@pytest.mark.parametrize(("canary", "text"), TEXTS)
def test_a_personal_value_in_goods_text_is_nowhere_behind_the_first_stage(canary: str, text: str) -> None:
    first = record(real_name(goods={"name": f"汽油{text}"}, sender=IN_FIELDS))
    assert_nowhere([first, record(inspection(found_goods=f"汽油 {text}"))], [canary, *IN_FIELDS.values()])


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("field", ["operator", "outlet", "device", "waybill", "corrects"])
def test_a_persons_number_given_as_a_code_is_nowhere_behind_the_first_stage(field: str, code: str) -> None:
    assert_nowhere([record(real_name(goods={"name": "汽油"}, **{field: code}))], [code])


@pytest.mark.parametrize("code", [*CODES, "+86-137-1234-9876", "137/1234/9876", "(137)12349876"])
def test_a_persons_number_given_as_event_id_is_nowhere_behind_the_first_stage(code: str) -> None:
    assert_nowhere([record(real_name(goods={"name": "汽油"}), event_id=code)], [code])


@pytest.mark.parametrize("code", [*CODES, "canary.bird@163.com"])
def test_a_personal_value_in_an_extension_attribute_is_nowhere_behind_the_first_stage(code: str) -> None:
    sent = record(real_name(goods={"name": "汽油"}))
    assert_nowhere([sent._replace(headers=[*sent.headers, ("ce_customerref", code.encode())])], [code])


def lines() -> Iterable[bytes]:
    """An event with each canary in its text, one with each as a code, and one with each in an attribute."""
    for number, (_, text) in enumerate(TEXTS):
        yield event(real_name(f"SF{number:04d}", goods={"name": f"汽油{text}"}, sender=IN_FIELDS), f"t{number}")
        yield event(inspection(f"SF{number:04d}", found_goods=f"打火机 {text}"), f"i{number}")
    for number, code in enumerate(CODES):
        yield event(real_name(f"SF1{number:03d}", operator=code), f"o{number}")
        yield event(real_name(code), f"w{number}")
        yield event(real_name(f"SF2{number:03d}"), f"a{number}", customerref=code)
        yield event(real_name(f"SF3{number:03d}"), code)


def event(data: dict[str, object], event_id: str, **attributes: str) -> bytes:
    head = {"specversion": "1.0", "id": event_id, "source": "/s", "type": type_of(data), "time": moment(T0)}
    return json.dumps(head | attributes | {"data": data}, ensure_ascii=False).encode()


@pytest.mark.parametrize("options", [["screen"], ["screen", "--json"], ["screen", "--lang", "zh"], ["validate"]])
def test_no_command_prints_one(options: list[str], tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"\n".join(lines()))
    result = CliRunner().invoke(app, [options[0], str(file), *options[1:]], env={"PARCELWARD_MODEL": ""})
    assert len(result.output) > 1000, result.output
    for canary in (*dict(TEXTS), *CODES, *IN_FIELDS.values()):
        assert canary not in result.output


def test_no_log_line_or_count_holds_one(caplog: pytest.LogCaptureFixture) -> None:
    line = Pipeline(STAGES, SETTINGS.topics)
    with caplog.at_level(logging.DEBUG):
        result = feed_all(line, [record_of(text, SETTINGS.topics, at_ms=T0) for text in lines()])
    assert sum(count for (name, *_), count in result.counts.items() if name == REJECTED) == 4 * len(CODES)
    for canary in (*dict(TEXTS), *CODES, *IN_FIELDS.values()):
        assert canary not in caplog.text
        assert canary not in str(result.counts)


@pytest.mark.parametrize("text", NOT_CAUGHT)
def test_what_the_readme_says_is_not_caught_is_not(text: str) -> None:
    with pytest.raises(AssertionError):
        assert_nowhere([record(real_name(goods={"name": f"汽油{text}"}))], [text])


def assert_nowhere(records: Sequence[Record], canaries: Iterable[str]) -> None:
    line = Pipeline(STAGES, SETTINGS.topics)
    result = feed_all(line, records)
    kept = [
        bytes(part) for cells in line.cells.values() for cell in cells for item in cell.state.items() for part in item
    ]
    shown = [send.value for send in result.alerts] + [dict(send.headers)["pw_detail"] for send in result.rejected]
    assert kept or result.rejected
    for canary in canaries:
        assert not [place for place in (*kept, *shown) if place is not None and canary.encode() in place]
