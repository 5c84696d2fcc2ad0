"""One line, one normal form, one token; what is no phone links nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelward.identity.phones import Phone, PhoneCheck, normal_phone
from parcelward.identity.tokens import Tokeniser

tokeniser = Tokeniser({"k1": b"0123456789abcdef"}, "k1")

SPELLINGS = {
    Phone("+8613800001234"): [
        "13800001234",
        "\u202d13800001234\u202c",
        "(+86)13800001234",
        "013800001234",
        "138.0000.1234",
        "86-138-0000-1234",
        "8613800001234",
        "+86-138-0000-1234",
        "１３８００００１２３４",
        "138－0000－1234",
        "0138-0000-1234",
        "手机:13800001234",
        "tel:13800001234",
        "13800001234（微信同号）",
        "0086-138-0000-1234",
    ],
    Phone("+8657187654321"): (
        "0571-87654321",
        "0571 8765 4321",
        "(0571)87654321",
        "057187654321",
        "+86-571-87654321",
        "+86 (0)571 8765 4321",
        "86-0571-87654321",
        "571-87654321",
        "０５７１－８７６５４３２１",
    ),
    Phone("+865718888666"): ("0571-8888666", "(0571) 8888666"),
    Phone("+8657188888888", "801"): ("0571-88888888-801", "0571-88888888转801", "(0571)88888888 ext.801"),
    Phone("+861062345678", "1"): ("010-62345678-1", "(010)62345678转1"),
    Phone("+14155550100"): ("+1 (415) 555-0100", "+1 415 555 0100", "001-415-555-0100"),
    Phone("+85291234567"): ("+852 9123 4567", "00852-91234567", "852 9123 4567"),
    Phone("+8613800001234", "5678"): (
        "13800001234-5678",
        "13800001234转5678",
        "13800001234,5678",
        "138 0000 1234 ext 5678",
        "+86 13800001234-5678",
    ),
    Phone("+864001234567"): ("400-123-4567", "4001234567"),
}


@pytest.mark.parametrize(("phone", "text"), [(phone, text) for phone, texts in SPELLINGS.items() for text in texts])
def test_a_line_however_written_has_one_normal_form(phone: Phone, text: str) -> None:
    assert normal_phone(text) == phone


@pytest.mark.parametrize("phone", SPELLINGS)
def test_a_line_however_written_has_one_token(phone: Phone) -> None:
    tokens = {tokeniser.phone(text) for text in SPELLINGS[phone]}
    assert len(tokens) == 1
    assert (tokens == {None}) == (phone.check is PhoneCheck.LENT)


def test_lines_have_tokens_of_their_own() -> None:
    lines = [phone for phone in SPELLINGS if phone.check is PhoneCheck.LINE]
    assert len({tokeniser.phone(SPELLINGS[phone][0]) for phone in lines}) == len(lines)
    assert tokeniser.phone("0571-88888888") != tokeniser.phone("0571-88888888-801")  # a switchboard is no person


@pytest.mark.parametrize(
    "text",
    [
        "无",
        "没有",
        "unknown",
        "",
        "-",
        "138****1234",
        "138xxxx1234",
        "00000000000",
        "13800000000",
        "11111111111",
        "12345678901",
        "010-00000000",
        "020-11111111",
        "1380000123",
        "12800001234",
        "8888666",
        "13800001234 13900005678",
    ],
)
def test_what_is_no_phone_is_known_as_none_and_links_nobody(text: str) -> None:
    assert normal_phone(text) is None
    assert tokeniser._phone_values(text) == (None, "****", PhoneCheck.NO_PHONE)


@given(st.text(st.sampled_from("0123456789 +-()*转x无"), max_size=40))
def test_any_text_is_a_line_or_lent_or_none(text: str) -> None:
    token, _, check = tokeniser._phone_values(text)
    assert (token is not None) == (check == PhoneCheck.LINE)


def test_an_ordinary_number_is_never_remembered_and_another_only_by_its_hash() -> None:
    own = Tokeniser({"k1": b"0123456789abcdef"}, "k1")
    own.phone("13800001234")
    assert own._phones._known == {}
    own.phone("0571-87654321")
    assert "7654321" not in repr(own._phones._known)
