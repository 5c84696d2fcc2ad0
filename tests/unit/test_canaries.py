"""Personal values of every form go in; no record between the stages, no state and no alert holds one."""

import pytest

from tests.builders import feed_all, inspection, pipeline, real_name, record

IN_TEXT = [
    "139,1234,5606",
    "139.1234.5606",
    "139~1234~5606",
    "(139)(1234)(5606)",
    "139/1234/5606",
    "138 - 0000 - 1234",
    "一三九一二三四五六零六",
    "139①②③④5606",
    "0571 8765 4321",
    "021-6123-4567",
    "852 9123 4567",
    "6222 0212 3456 7890",
    "canary.bird@163.com",
    "A123456(3)",
    "110105 19491231 002X",
]
IN_FIELDS = {
    "document_number": "11010519491231002X",
    "name": "金丝雀某甲",
    "phone": "0571-87654321-801",
}
CODES = ("13712349876", "11010519491231002X")


@pytest.mark.parametrize("canary", IN_TEXT)
def test_a_personal_value_in_goods_text_is_nowhere_behind_the_first_stage(canary: str) -> None:
    first = record(real_name(goods={"name": f"汽油{canary}"}, sender=IN_FIELDS))
    assert_nowhere([first, record(inspection(found_goods=f"汽油 {canary}"))], [canary, *IN_FIELDS.values()])


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("field", ["operator", "outlet", "device", "waybill", "corrects"])
def test_a_persons_number_given_as_a_code_is_nowhere_behind_the_first_stage(field: str, code: str) -> None:
    assert_nowhere([record(real_name(goods={"name": "汽油"}, **{field: code}))], [code])


@pytest.mark.parametrize("code", CODES)
def test_a_persons_number_given_as_event_id_is_nowhere_behind_the_first_stage(code: str) -> None:
    assert_nowhere([record(real_name(goods={"name": "汽油"}), event_id=code)], [code])


def assert_nowhere(records, canaries) -> None:
    line = pipeline()
    result = feed_all(line, records)
    kept = [
        bytes(part) for cells in line.cells.values() for cell in cells for item in cell.state.items() for part in item
    ]
    shown = [send.value for send in result.alerts] + [dict(send.headers)["pw_detail"] for send in result.rejected]
    assert kept or result.rejected
    for canary in canaries:
        assert not [place for place in (*kept, *shown) if place is not None and canary.encode() in place]
