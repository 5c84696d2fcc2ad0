"""The page on webhooks says what the code does, and its example is run."""

import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from parcelward.contract.deliveries import MEANINGS, Outcome
from parcelward.delivery.schedule import DELAYS_S
from parcelward.delivery.signing import Signer, read_secrets

PAGE = Path(__file__).parents[2] / "docs" / "delivery.md"
TEXT = PAGE.read_text()
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDlGS4qZaKRHM="
BODY = b'{"type":"cn.delivery.alert.raised.v1","data":{"waybill":"SF1"}}'


def outcome_table() -> str:
    lines = ["| outcome | meaning |", "|---|---|", *(f"| `{one}` | {MEANINGS[one]} |" for one in Outcome)]
    return "\n".join(lines)


def schedule() -> str:
    """The pauses in words.

    >>> schedule()[:26]
    'at once, then after 5 s, 3'
    """
    words = [
        f"{pause_s / size:.0f} {unit}"
        for pause_s in DELAYS_S[1:]
        for size, unit in ((3600, "h"), (60, "min"), (1, "s"))
        if pause_s >= size and unit == ("h" if pause_s >= 3600 else "min" if pause_s >= 60 else "s")
    ]
    return f"at once, then after {', '.join(words[:-1])} and {words[-1]}"


def between(mark: str) -> str:
    (found,) = re.findall(rf"<!-- {mark} -->(.*?)<!-- /{mark} -->", TEXT, flags=re.DOTALL)
    return " ".join(str(found).split()) if mark == "schedule" else str(found).strip()


def test_the_page_has_every_outcome_and_the_schedule() -> None:
    assert between("outcomes") == outcome_table()
    assert between("schedule") == schedule()


def example() -> Any:
    (code,) = re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102 - the page is ours
    return names["receive"]


def test_the_printed_receiver_has_one_effect_for_each_id_and_none_for_what_is_forged(tmp_path: Path) -> None:
    receive, stored = example(), list[str]()
    signer = Signer(read_secrets(SECRET))

    def store(kind: str, data: dict[str, str]) -> None:
        stored.append(f"{kind} {data['waybill']}")

    def full(*_: object) -> None:
        raise OSError

    with closing(sqlite3.connect(tmp_path / "seen.db")) as seen:
        first, second = (signer.headers(f"alerts:a:{revision}", int(time.time()), BODY) for revision in (1, 2))
        with pytest.raises(OSError):  # noqa: PT011 - the disk of the receiver
            receive(SECRET, seen, BODY, first, full)
        assert [receive(SECRET, seen, BODY, headers, store) for headers in (first, first, second)] == [204] * 3
        assert stored == ["cn.delivery.alert.raised.v1 SF1"] * 2, "what failed before was not taken for done"
        with pytest.raises(WebhookVerificationError):
            receive(SECRET, seen, BODY.replace(b"SF1", b"SF2"), first, store)
