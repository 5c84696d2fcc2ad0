"""Tokens and masks: keyed, normalised, kinds apart, nothing raw left."""

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, TypeAdapter, ValidationError

from parcelward.connection_settings import DEMO_KEY
from parcelward.contract.events import RealName
from parcelward.contract.fields import DocumentCheck, DocumentType, Mask, NameMask, SenderKind, Token
from parcelward.errors import UserError
from parcelward.identity.phones import PhoneCheck
from parcelward.identity.remembered import REMEMBERED
from parcelward.identity.tokens import Tokeniser, comparable, mask_document, mask_name, mask_phone, version_of
from parcelward.settings import Settings

KEY = b"0123456789abcdef0123456789abcdef"
NUMBER, STAFF, NAME, PHONE = "360426199101010071", "110101197608056897", "王小明", "13800001234"
KEYS = {"k1": KEY, "k2": b"another key of sixteen or more"}
tokeniser = Tokeniser(KEYS, "k1")
TOKEN, MASK, NAME_MASK = TypeAdapter(Token), TypeAdapter(Mask), TypeAdapter(NameMask)


def real_name(sender: Mapping[str, object], **changes: object) -> RealName:
    data = {
        "courier": "swift",
        "waybill": "SF1234567890123",
        "outlet": "HZ-01",
        "operator": "E1",
        "sender": {"kind": "person", **sender},
        "receiver": {},
        "goods": {"name": "书"},
        "weight_g": 1,
        "verify_method": "nfc",
    }
    return RealName.model_validate_json(json.dumps(data | changes))


PERSON = {"document_type": "resident_id", "document_number": NUMBER, "name": NAME, "phone": PHONE}


def test_token_is_hmac_sha256_cut_to_128_bits_after_the_key_id() -> None:
    digest = hmac.digest(KEY, b"phone\0" + PHONE.encode(), "sha256")[:16]
    assert tokeniser.phone(PHONE) == "k1." + urlsafe_b64encode(digest).decode().rstrip("=")


def test_keys_longer_than_a_block_are_hashed_first_as_hmac_says() -> None:
    key = b"x" * 100
    digest = hmac.digest(key, b"name\0" + NAME.encode(), hashlib.sha256)[:16]
    assert Tokeniser({"k": key}, "k").name(NAME) == "k." + urlsafe_b64encode(digest).decode().rstrip("=")


@given(st.text(max_size=40))
def test_tokens_and_masks_keep_their_patterns(text: str) -> None:
    for token in (tokeniser.name(text), tokeniser.phone(text), tokeniser.document(text)):
        assert token is None or TOKEN.validate_python(token) == token
    for mask in (mask_phone(text), mask_document(text)):
        assert MASK.validate_python(mask) == mask
    assert NAME_MASK.validate_python(mask_name(text)) == mask_name(text)


def test_one_value_however_written_has_one_token() -> None:
    assert tokeniser.phone(PHONE) == tokeniser.phone("+86 138-0000-1234")
    assert tokeniser.name(NAME) == tokeniser.name(" 王 小明")
    assert tokeniser.document("11010519491231002x") == tokeniser.document("１１０１０５１９４９１２３１００２Ｘ")


def test_kinds_and_keys_are_kept_apart() -> None:
    same = "13800001234"
    assert len({tokeniser.phone(same), tokeniser.name(same), tokeniser.document(same)}) == 3
    older = Tokeniser(KEYS, "k2")
    assert older.phone(PHONE) != tokeniser.phone(PHONE)
    assert str(older.phone(PHONE)).startswith("k2.")
    assert older.content_key != tokeniser.content_key


def test_identity_of_a_person() -> None:
    found = tokeniser.identity(
        real_name(PERSON, operator_document=STAFF, receiver={"name": "李华", "phone": "13900005678"})
    )
    assert found.document_check == DocumentCheck.VALID
    assert found.document_mask == "3*************0071"
    assert found.name_mask == "王*"
    assert found.phone_mask == "138****1234"
    assert found.document_token == tokeniser.document(NUMBER)
    assert found.operator_token == tokeniser.document(STAFF)
    assert found.receiver_name_token is None  # the phone is enough to tell receivers apart
    assert found.receiver_phone_token == tokeniser.phone("13900005678")
    text = repr(found)
    assert not [raw for raw in (NUMBER, STAFF, NAME, PHONE, "李华", "13900005678") if raw in text]


@pytest.mark.parametrize("stated", [None, *(kind.value for kind in DocumentType)])
@pytest.mark.parametrize("number", [NUMBER, "91330106MA2B3C4D11", "810000199408230021"])
def test_a_number_proven_by_its_check_digit_has_one_token_whatever_type_is_stated(
    number: str, stated: str | None
) -> None:
    shown = PERSON | {"document_type": stated, "document_number": number}
    found = tokeniser.identity(real_name(shown, operator_document=number))
    assert found.operator_token == found.document_token is not None


def token_of(number: str, **stated: object) -> str:
    token = tokeniser.identity(real_name({"document_number": number, **stated})).document_token
    assert token is not None
    assert TOKEN.validate_python(token) == token
    return token


def test_one_number_of_two_documents_has_two_tokens() -> None:
    number = "987654321"
    american, british = (token_of(number, document_type="passport", issuing_country=code) for code in ("US", "GBR"))
    assert american == token_of(number, document_type="passport", issuing_country="USA") != british
    unknown_country, unknown_type = token_of(number, document_type="passport"), token_of(number)
    assert len({american, british, unknown_country, unknown_type, token_of(number, issuing_country="US")}) == 5
    assert token_of("98765432", document_type="taiwan_permit") != token_of("98765432", document_type="military_id")


@pytest.mark.parametrize("kind", DocumentType)
def test_a_document_of_unknown_type_is_never_one_of_a_known_type(kind: DocumentType) -> None:
    assert token_of("98765432", document_type=kind.value) != token_of("98765432")


def test_a_token_says_its_version_and_those_of_before_stay_comparable() -> None:
    digest = hmac.digest(KEY, b"document\0" + NUMBER.encode(), "sha256")[:16]
    before = "k1." + urlsafe_b64encode(digest).decode().rstrip("=")  # made so before versions were
    proven, typed = token_of(NUMBER, document_type="resident_id"), token_of("E12345678", document_type="passport")
    assert (proven, version_of(proven), version_of(typed)) == (before, 1, 2)
    assert comparable(before, proven)
    assert not comparable(typed, before)
    assert not comparable("k2" + before[2:], before)


@pytest.mark.parametrize("text", ["无", "138****1234", "00000000000"])
def test_no_phone_is_said_to_be_none(text: str) -> None:
    found = tokeniser.identity(real_name(PERSON | {"phone": text}))
    assert (found.phone_token, found.phone_check) == (None, PhoneCheck.NO_PHONE)
    assert tokeniser.identity(real_name(PERSON)).phone_check == PhoneCheck.LINE


def test_privacy_number_identifies_nobody() -> None:
    found = tokeniser.identity(real_name(PERSON | {"phone": "17000001234-5678"}))
    assert found.phone_token is None
    assert found.phone_mask == "170****1234"


MADE = {"document_token": "k1." + "A" * 22, "document_mask": "3****0071"}


def test_tokens_made_at_the_source_pass() -> None:
    found = tokeniser.identity(real_name(MADE | {"document_check": "bad_checksum"}))
    assert (found.document_token, found.document_check) == (MADE["document_token"], DocumentCheck.BAD_CHECKSUM)
    assert found.document_mask == "3****0071"


@pytest.mark.parametrize("kind", SenderKind)
def test_a_token_without_the_result_of_checking_counts_as_unchecked(kind: SenderKind) -> None:
    assert tokeniser.identity(real_name(MADE | {"kind": kind.value})).document_check == DocumentCheck.UNCHECKED


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        (SenderKind.PERSON, DocumentCheck.MISSING),
        (SenderKind.ORGANISATION, DocumentCheck.MISSING),
        (SenderKind.AGREEMENT, None),
    ],
)
def test_no_document(kind: SenderKind, check: DocumentCheck | None) -> None:
    found = tokeniser.identity(real_name({"kind": kind.value}))
    assert found.document_check == check
    assert (found.document_token, found.name_token, found.phone_token) == (None, None, None)


def test_holder_must_be_born_by_the_time_of_the_event() -> None:
    born_2020 = "360426202001010076"
    before, after = 1_500_000_000_000, 1_700_000_000_000
    data = real_name(PERSON | {"document_number": born_2020})
    assert tokeniser.identity(data, before).document_check == DocumentCheck.BAD_BIRTH_DATE
    assert tokeniser.identity(data, after).document_check != DocumentCheck.BAD_BIRTH_DATE


def test_what_is_kept_of_those_who_come_all_day_is_bounded_and_not_raw() -> None:
    own = Tokeniser(KEYS, "k1")
    data = real_name({"kind": "agreement", "phone": PHONE}, operator_document=STAFF)
    assert own.identity(data) == own.identity(data)
    kept = (own._staff._known, own._phones._known)
    assert [list(known.values()) for known in kept] == [
        [own.document(STAFF)],
        [(own.phone(PHONE), mask_phone(PHONE), PhoneCheck.LINE)],
    ]
    assert all(type(mark) is int and str(mark) not in (STAFF, PHONE) for known in kept for mark in known)
    for number in range(REMEMBERED):
        own._staff.of(str(number))
    assert len(own._staff._known) <= REMEMBERED
    assert own._staff.of(STAFF) == own.document(STAFF)


def test_event_tokenised_at_the_source_holds_nothing_raw_and_means_the_same() -> None:
    receiver, goods = {"name": "李华", "phone": "13900005678"}, {"name": f"书{PHONE}"}
    data = real_name(PERSON, operator_document=STAFF, receiver=receiver, goods=goods)
    sent = tokeniser.at_source(data)
    text = sent.model_dump_json(exclude_none=True)
    assert sent.goods.name == "书****"
    assert not [raw for raw in (NUMBER, STAFF, NAME, PHONE, "李华", "13900005678") if raw in text]
    assert tokeniser.identity(RealName.model_validate_json(text)) == tokeniser.identity(data)


@pytest.mark.parametrize(
    ("value", "mask"),
    [
        (NUMBER, "3*************0071"),
        ("H12345678", "H****5678"),
        ("12345678", "1*******"),
        ("1234", "****"),
        ("9" * 40, "9" + "*" * 24 + "9999"),
    ],
)
def test_document_masks(value: str, mask: str) -> None:
    assert mask_document(value) == mask


@pytest.mark.parametrize(
    ("value", "mask"), [(PHONE, "138****1234"), ("+8613800001234", "138****1234"), ("8888666", "****"), ("x", "****")]
)
def test_phone_masks(value: str, mask: str) -> None:
    assert mask_phone(value) == mask


@pytest.mark.parametrize(
    ("value", "mask"), [("王小明", "王*"), ("王", "*"), (" 王小明", "王*"), ("John Smith", "J*"), ("", "*")]
)
def test_name_masks(value: str, mask: str) -> None:
    assert mask_name(value) == mask


@pytest.mark.parametrize("mask", ["王小明*", "王小*", "*小明", "王*明", "王小明", "138****1234", ""])
def test_a_name_mask_shows_at_most_one_character(mask: str) -> None:
    with pytest.raises(ValidationError):
        real_name({"name_mask": mask})


@pytest.mark.parametrize("mask", ["138*0001234", "3***0071", "13800001234", "1380****1234", "138****01234"])
def test_a_mask_of_a_number_hides_four_characters_or_more(mask: str) -> None:
    with pytest.raises(ValidationError):
        real_name({"phone_mask": mask})


@pytest.mark.parametrize(
    ("keys", "current", "named"),
    [
        ({"k1": b"short"}, "k1", "k1"),
        ({"K1": KEY}, "K1", "key id"),
        ({"erased": KEY}, "erased", "take another key id"),
        ({"k1": KEY}, "k2", "token_key"),
        ({"toolongkeyid": KEY}, "toolongkeyid", "key id"),
        ({}, "k1", "token_key"),
    ],
)
def test_unusable_keys_are_named(keys: dict[str, bytes], current: str, named: str) -> None:
    with pytest.raises(UserError, match=re.escape(named)) as raised:
        Tokeniser(keys, current)
    assert "short" not in str(raised.value).replace("shorter", "")
    assert KEY.decode() not in str(raised.value)


def test_keys_from_settings_are_hex_or_text() -> None:
    secret = "00112233445566778899aabbccddeeff" * 2
    settings = Settings(token_keys={"k1": SecretStr(secret)}, token_key="k1")
    assert Tokeniser.from_settings(settings).phone(PHONE) == Tokeniser({"k1": bytes.fromhex(secret)}, "k1").phone(PHONE)
    assert Tokeniser.from_settings(Settings()).current == "demo"


@pytest.mark.parametrize("protocol", ["SSL", "SASL_PLAINTEXT", "SASL_SSL"])
def test_the_public_demo_key_is_refused_on_a_protected_cluster(
    protocol: Literal["SSL", "SASL_PLAINTEXT", "SASL_SSL"],
) -> None:
    with pytest.raises(UserError, match=f"demo key is public.*{protocol}"):
        Tokeniser.from_settings(Settings(security_protocol=protocol))
    renamed = Settings(security_protocol=protocol, token_keys={"k1": SecretStr(DEMO_KEY)}, token_key="k1")
    with pytest.raises(UserError, match="demo key"):
        Tokeniser.from_settings(renamed)
    own = Settings(security_protocol=protocol, token_keys={"k1": SecretStr("a" * 64)}, token_key="k1")
    assert Tokeniser.from_settings(own).current == "k1"
