"""Values of a person are looked at before anybody is looked for: a slip must not prove an erasure."""

import json

import pytest
from typer.testing import CliRunner, Result

from parcelward.cli import app
from parcelward.erasure.given import could_be_document, doubts, spellings_of
from parcelward.erasure.tokens import Values
from parcelward.errors import UserError

DOCUMENT, PHONE = "360426199101010071", "13800001234"


def erase(*arguments: str, stdin: str) -> Result:
    """No broker is there, so an answer about the values was given before one was asked."""
    return CliRunner().invoke(app, ["erase", *arguments, "--kafka", "127.0.0.1:1"], input=stdin)


@pytest.mark.parametrize("check", [["--check"], []], ids=["check", "erase"])
@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (f"{PHONE}\n{DOCUMENT}\n", "--document: the line for it is a phone number; --phone: "),
        (f"{DOCUMENT[:-1]}\n{PHONE}\n", "--document: the line for it is no number of a document"),
        (f"{DOCUMENT[:-1]}2\n{PHONE}\n", "--document: the line for it is no number of a document"),
        (f"{DOCUMENT}1\n{PHONE}\n", "--document: the line for it is no number of a document"),
        (f"{DOCUMENT}\n{PHONE[:-1]}\n", "--phone: the line for it is no whole phone number"),
        (f"{DOCUMENT}\n138****1234\n", "--phone: the line for it is no whole phone number"),
    ],
)
def test_a_value_with_a_slip_is_refused_and_not_repeated(lines: str, said: str, check: list[str]) -> None:
    refused = erase("--document", "--phone", *check, stdin=lines)
    assert isinstance(refused.exception, UserError)
    assert said in str(refused.exception)
    assert "--as-given" in str(refused.exception)
    assert not [value for value in lines.split() if value in str(refused.exception)]


def test_a_value_that_is_meant_so_is_looked_for() -> None:
    asked = erase("--document", "--as-given", "--check", stdin=f"{DOCUMENT[:-1]}\n")
    assert isinstance(asked.exception, UserError)
    assert "127.0.0.1:1" in str(asked.exception), "the broker was asked"


@pytest.mark.parametrize(
    "number",
    ["E12345678", "AB1234567", "533380006", "H12345678", "H1234567801", "12345678", "360426910101007",
     "南字第1234567号",
     "91110000600037341L", "CHN110585121516", "36042619910101007 1", "e1234 5678"],
)  # fmt: skip
def test_what_can_be_a_document_is_taken(number: str) -> None:
    assert could_be_document(number)
    assert list(doubts(Values(document=number))) == []


@pytest.mark.parametrize("number", [PHONE, "王小明", "12", DOCUMENT[:-1], "110101199003078516", "abc"])
def test_what_is_no_document_is_not(number: str) -> None:
    assert not could_be_document(number)


@pytest.mark.parametrize("name", [PHONE, DOCUMENT, "---"])
def test_a_number_is_no_name(name: str) -> None:
    assert list(doubts(Values(name=name))) == ["--name: the line for it is no name"]
    assert list(doubts(Values(name="买买提·艾力"))) == []


def test_values_are_looked_for_as_couriers_write_them() -> None:
    found = spellings_of(Values(document="11010519491231002x", phone="+86 138-0000-1234", name="王小明"))
    assert found >= {b"11010519491231002X", b"13800001234", b"138 0000 1234", "王小明".encode("gb18030")}
    assert json.dumps("王小明")[1:-1].encode() in found
