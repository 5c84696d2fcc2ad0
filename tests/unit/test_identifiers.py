"""Document checks and organisations: the published vectors, and what must not be judged."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelward.contract.countries import country_code
from parcelward.contract.fields import DocumentCheck as Check
from parcelward.contract.fields import DocumentType as Type
from parcelward.identity.identifiers import (
    check_document,
    distinct_number,
    is_organisation_code,
    normal_document,
    normal_name,
)

CHECKS = [
    (Type.RESIDENT_ID, "360426199101010071", Check.VALID),
    (Type.RESIDENT_ID, "11010519491231002X", Check.VALID),
    (Type.RESIDENT_ID, "11010519491231002x", Check.VALID),
    (Type.RESIDENT_ID, "360426 1991-0101 0071", Check.VALID),
    (Type.RESIDENT_ID, "３６０４２６１９９１０１０１００７１", Check.VALID),
    (Type.RESIDENT_ID, "110101197608056896", Check.BAD_CHECKSUM),
    (Type.RESIDENT_ID, "110101197608056897", Check.VALID),
    (Type.RESIDENT_ID, "360426199102300071", Check.BAD_BIRTH_DATE),
    (Type.RESIDENT_ID, "360426190002290071", Check.BAD_BIRTH_DATE),  # 1900 was no leap year
    (Type.RESIDENT_ID, "360426188801010071", Check.BAD_BIRTH_DATE),
    (Type.RESIDENT_ID, "36042619910101007", Check.BAD_FORMAT),
    (Type.RESIDENT_ID, "360426910101007", Check.BAD_FORMAT),  # 15 digits, out of use since 2013
    (Type.RESIDENT_ID, "X60426199101010072", Check.BAD_FORMAT),
    (Type.RESIDENT_ID, "H12345678", Check.TYPE_MISMATCH),
    (Type.RESIDENT_ID, "E12345678", Check.TYPE_MISMATCH),
    (Type.RESIDENT_ID, "91110000600037341L", Check.TYPE_MISMATCH),
    (Type.RESIDENT_ID, "810000199408230021", Check.TYPE_MISMATCH),
    (Type.RESIDENT_ID, None, Check.MISSING),
    (Type.RESIDENT_ID, "", Check.MISSING),
    (Type.RESIDENT_ID, " -- ", Check.MISSING),
    (Type.RESIDENCE_PERMIT, "810000199408230021", Check.VALID),
    (Type.RESIDENCE_PERMIT, "810000199408230022", Check.BAD_CHECKSUM),
    (Type.RESIDENCE_PERMIT, "360426199101010071", Check.TYPE_MISMATCH),
    (Type.HK_MACAO_PERMIT, "H12345678", Check.VALID),
    (Type.HK_MACAO_PERMIT, "M1234567801", Check.VALID),
    (Type.HK_MACAO_PERMIT, "H1234567", Check.BAD_FORMAT),
    (Type.HK_MACAO_PERMIT, "HA1234567", Check.VALID),  # since July 2024
    (Type.HK_MACAO_PERMIT, "MA7654321", Check.VALID),
    (Type.HK_MACAO_PERMIT, "ha 765 4321", Check.VALID),
    (Type.HK_MACAO_PERMIT, "HA12345678", Check.BAD_FORMAT),
    (Type.HK_MACAO_PERMIT, "XA1234567", Check.BAD_FORMAT),
    (Type.TAIWAN_PERMIT, "12345678", Check.VALID),
    (Type.TAIWAN_PERMIT, "1234567801", Check.VALID),
    (Type.TAIWAN_PERMIT, "1234567801A", Check.VALID),
    (Type.TAIWAN_PERMIT, "123456789", Check.BAD_FORMAT),
    # Permits of mainland residents to go the other way: easily taken for these, and no fault of the number.
    (Type.HK_MACAO_PERMIT, "C12345678", Check.UNCHECKED),
    (Type.HK_MACAO_PERMIT, "CA1234567", Check.UNCHECKED),
    (Type.HK_MACAO_PERMIT, "W12345678", Check.UNCHECKED),
    (Type.HK_MACAO_PERMIT, "T12345678", Check.UNCHECKED),
    (Type.HK_MACAO_PERMIT, "C1234567", Check.BAD_FORMAT),
    (Type.TAIWAN_PERMIT, "T12345678", Check.UNCHECKED),
    (Type.TAIWAN_PERMIT, "L12345678", Check.UNCHECKED),
    (Type.TAIWAN_PERMIT, "C12345678", Check.UNCHECKED),
    (Type.TAIWAN_PERMIT, "F290299977", Check.UNCHECKED),  # for a single journey
    (Type.TAIWAN_PERMIT, "T1234567", Check.BAD_FORMAT),
    (Type.OTHER, "C12345678", Check.UNCHECKED),
    (Type.OTHER, "海员证 12", Check.UNCHECKED),
    (Type.OTHER, "110101197608056896", Check.UNCHECKED),
    (Type.OTHER, "360426199101010071", Check.VALID),
    (Type.OTHER, None, Check.MISSING),
    (Type.PASSPORT, "E12345678", Check.VALID),
    (Type.PASSPORT, "EA1234567", Check.VALID),
    (Type.PASSPORT, "C01X00T47", Check.VALID),
    (Type.PASSPORT, "AB1", Check.BAD_FORMAT),
    (Type.PASSPORT, "360426199101010071", Check.TYPE_MISMATCH),
    (Type.MILITARY_ID, "军字第1234567号", Check.VALID),
    (Type.MILITARY_ID, "360426199101010071", Check.TYPE_MISMATCH),
    (Type.MILITARY_ID, "1", Check.BAD_FORMAT),
    (Type.MILITARY_ID, "军官证", Check.BAD_FORMAT),
    (Type.FOREIGN_PERMANENT_RESIDENT_ID, "USA110084011201", Check.VALID),
    (Type.FOREIGN_PERMANENT_RESIDENT_ID, "360426199101010071", Check.TYPE_MISMATCH),
    (Type.FOREIGN_PERMANENT_RESIDENT_ID, "1", Check.BAD_FORMAT),
    (Type.ORGANISATION_CODE, "91110000600037341L", Check.VALID),
    (Type.ORGANISATION_CODE, "91110000600037341M", Check.BAD_CHECKSUM),
    (Type.ORGANISATION_CODE, "9111000060003734IL", Check.BAD_FORMAT),
    (Type.ORGANISATION_CODE, "360426199101010071", Check.TYPE_MISMATCH),
    (Type.ORGANISATION_CODE, "000000000000000000", Check.BAD_FORMAT),  # every sum of zeros is right
    (Type.ORGANISATION_CODE, "91AB0000600037341L", Check.BAD_FORMAT),  # letters for a region
    (Type.ORGANISATION_CODE, "B1110000600037341L", Check.BAD_FORMAT),  # no such department
    (Type.ORGANISATION_CODE, "98110000600037341L", Check.BAD_FORMAT),  # no such category
    (None, "360426199101010071", Check.VALID),
    # Without a type nobody knows which rules are broken: unknown is no wrong format.
    (None, "110101197608056896", Check.UNCHECKED),
    (None, "12345678", Check.UNCHECKED),
    (None, "512345678", Check.UNCHECKED),  # a passport of the United States
    (None, "B1234567", Check.UNCHECKED),  # of Vietnam
    (None, "98765432", Check.UNCHECKED),  # a Taiwan permit
]


@pytest.mark.parametrize(("document_type", "number", "expected"), CHECKS)
def test_document_check(document_type: Type | None, number: str | None, expected: Check) -> None:
    assert check_document(document_type, number) is expected


def with_check_character(seventeen: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(weight * int(digit) for weight, digit in zip(weights, seventeen, strict=True))
    return seventeen + "10X98765432"[total % 11]


citizen_numbers = st.builds(
    lambda region, born, sequence: with_check_character(f"{region}{born:%Y%m%d}{sequence:03}"),
    st.integers(110000, 799999),
    st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    st.integers(0, 999),
)


@given(citizen_numbers)
def test_every_region_is_accepted_because_regions_come_and_go(number: str) -> None:
    assert check_document(Type.RESIDENT_ID, number) is Check.VALID


@given(citizen_numbers, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_seen(number: str, position: int, shift: int) -> None:
    digit = (int(number[position]) + shift) % 10
    changed = number[:position] + str(digit) + number[position + 1 :]
    assert check_document(Type.RESIDENT_ID, changed) is not Check.VALID


def test_nobody_sends_a_parcel_before_birth() -> None:
    number = with_check_character("36042620261124007")
    assert check_document(Type.RESIDENT_ID, number, on=date(2026, 11, 23)) is Check.BAD_BIRTH_DATE
    assert check_document(Type.RESIDENT_ID, number, on=date(2026, 11, 24)) is Check.VALID


def test_new_foreign_permanent_resident_number() -> None:
    number = with_check_character("91113319840112001")
    assert check_document(Type.FOREIGN_PERMANENT_RESIDENT_ID, number) is Check.VALID
    assert check_document(Type.RESIDENT_ID, number) is Check.TYPE_MISMATCH


@given(st.text(max_size=45), st.sampled_from([None, *Type]))
def test_any_text_gets_a_check(number: str, document_type: Type | None) -> None:
    assert check_document(document_type, number) in Check


@given(st.text(max_size=45))
def test_normal_forms_are_stable(text: str) -> None:
    assert normal_document(normal_document(text)) == normal_document(text)
    assert normal_name(normal_name(text)) == normal_name(text)


def test_names_are_one_name_however_spaced() -> None:
    assert normal_name("王 小明") == normal_name("王小明 ") == normal_name("王　小明")
    assert normal_name("John  SMITH") == normal_name("john smith")
    assert normal_name("阿不都·热合曼") == normal_name("阿不都热合曼")


def test_organisation_code_alphabet() -> None:
    assert is_organisation_code("91110000600037341L")
    assert not is_organisation_code("91110000600037341l")
    assert not is_organisation_code("")


def organisation(first8: str, eight: str) -> str:
    inner = sum(int(sign, 36) * weight for sign, weight in zip(eight, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    first17 = first8 + eight + "0X987654321"[inner % 11]
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(alphabet.index(sign) * 3**position for position, sign in enumerate(first17))
    return first17 + alphabet[-total % 31]


def test_both_check_characters_of_an_organisation_are_checked() -> None:
    right = organisation("91330106", "MA2B3C4D")
    assert is_organisation_code(right)
    outer_only = next(
        changed
        for sign in "123456789"
        if (changed := organisation("91330106", "MA2B3C4D")[:16] + sign) and changed[16] != right[16]
    )
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(alphabet.index(sign) * 3**position for position, sign in enumerate(outer_only))
    assert not is_organisation_code(outer_only + alphabet[-total % 31])


@given(citizen_numbers)
def test_a_resident_number_is_no_organisation_code(number: str) -> None:
    assert check_document(Type.ORGANISATION_CODE, number) is not Check.VALID


def test_forms_of_one_document_are_one_number() -> None:
    assert distinct_number("H1234567801", Type.HK_MACAO_PERMIT) == distinct_number("H12345678", Type.HK_MACAO_PERMIT)
    assert distinct_number("1234567802B", Type.TAIWAN_PERMIT) == distinct_number("12345678", Type.TAIWAN_PERMIT)
    assert distinct_number("军字第1234567号", Type.MILITARY_ID) == distinct_number("军1234567", Type.MILITARY_ID)
    assert distinct_number("360426910101007", Type.RESIDENT_ID) == distinct_number("360426199101010071")


def test_countries_have_one_code_however_written() -> None:
    assert country_code("US") == country_code("USA") == "USA"
    assert country_code("GB") != country_code("US")
