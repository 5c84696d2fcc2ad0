"""The state says by which keys its tokens were made; another key under the same id is refused before any record."""

import hashlib
import hmac
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from parcelward.errors import UserError
from parcelward.identity.token_keys import KEYS_KEY, differing, fingerprint, noted, require_same
from parcelward.identity.tokens import Tokeniser
from parcelward.screening.build import build_stages
from parcelward.screening.in_memory import Cell, Pipeline
from parcelward.shipments.shipment import decode_due, decode_shipment
from tests.builders import DAY, T0, feed_all, pipeline, real_name, record, settings

KEY, OTHER = "0123456789abcdef", "fedcba9876543210"
MONTH = 30 * DAY


def keys(**secrets: str) -> dict[str, SecretStr]:
    return {key_id: SecretStr(secret) for key_id, secret in secrets.items()}


def fingerprints(**secrets: str) -> Mapping[str, bytes]:
    return {key_id: fingerprint(key_id, secret.encode()) for key_id, secret in secrets.items()}


def lived(**secrets: str) -> Cell:
    """The first stage after a record, under these keys; the first of them makes the tokens."""
    line = pipeline(token_keys=keys(**secrets), token_key=next(iter(secrets)))
    feed_all(line, [record(real_name())])
    return line.cells["duties"][0]


def start(state: Mapping[bytes, bytes], **secrets: str) -> None:
    """Restore the first stage from a state, as a worker does before it is ready."""
    chosen = settings(token_keys=keys(**secrets), token_key=next(iter(secrets)))
    build_stages(chosen).make["duties"](1).restore(state)


def test_another_key_under_the_same_id_is_refused_by_its_id_and_with_the_way_out() -> None:
    state = lived(k1=KEY).state
    start(state, k1=KEY)
    with pytest.raises(UserError, match=r"key k1 is another key .* put the old key back, or give the new one an id"):
        start(state, k1=OTHER)


def test_a_new_key_beside_the_old_one_is_added_and_both_are_held_to() -> None:
    cell = lived(k1=KEY)
    start(cell.state, k2=OTHER, k1=KEY)
    chosen = settings(token_keys=keys(k2=OTHER, k1=KEY), token_key="k2")
    later = Pipeline(build_stages(chosen), chosen.topics)
    later.cells["duties"][0].state.update(cell.state)
    feed_all(later, [record(real_name("SF0000000000002"), at=T0 + 1)])
    state = later.cells["duties"][0].state
    start(state, k2=OTHER, k1=KEY)
    for wrong in ({"k1": OTHER}, {"k2": KEY, "k1": KEY}):
        with pytest.raises(UserError, match="is another key"):
            start(state, **wrong)


def test_a_state_without_fingerprints_is_taken_as_it_is_and_gets_them() -> None:
    state = {key: value for key, value in lived(k1=KEY).state.items() if key != KEYS_KEY}
    start({}, k1=OTHER)
    start(state, k1=OTHER)
    assert KEYS_KEY in lived(k1=KEY).state


def test_each_partition_carries_the_fingerprints() -> None:
    line = pipeline(partitions=2, move_misplaced=False)
    feed_all(line, [record(real_name(f"SF000000000000{n}"), partition=n) for n in range(2)])
    assert all(KEYS_KEY in cell.state for cell in line.cells["duties"])
    assert not [stage for stage in ("senders", "outlets") for cell in line.cells[stage] if KEYS_KEY in cell.state]


def test_a_key_that_is_no_setting_any_more_stays_as_long_as_its_tokens_may() -> None:
    both = noted(None, fingerprints(k1=KEY, k2=OTHER), T0, MONTH)
    soon = noted(both, fingerprints(k2=OTHER), T0 + MONTH, MONTH)
    assert differing(soon, fingerprints(k1=OTHER, k2=OTHER)) == ["k1"]
    late = noted(soon, fingerprints(k2=OTHER), T0 + MONTH + 3 * DAY, MONTH)
    assert differing(late, fingerprints(k1=OTHER, k2=OTHER)) == []
    require_same(late, fingerprints(k1=OTHER, k2=OTHER))


def test_it_is_written_once_a_day() -> None:
    first = noted(None, fingerprints(k1=KEY), T0, MONTH)
    assert noted(first, fingerprints(k1=KEY), T0 + 1, MONTH) is None
    assert noted(first, fingerprints(k1=KEY), T0 - 3 * DAY, MONTH) is None
    assert noted(first, fingerprints(k1=KEY), T0 + DAY, MONTH) not in (None, first)


@given(st.lists(st.integers(0, 5 * DAY), min_size=1, max_size=12), st.integers(1, 12))
def test_it_does_not_depend_on_how_records_are_cut_into_batches(offsets: list[int], size: int) -> None:
    whole = noted(None, fingerprints(k1=KEY), T0 + max(offsets), MONTH)
    cut: bytes | None = None
    for begin in range(0, len(offsets), size):
        cut = noted(cut, fingerprints(k1=KEY), T0 + max(offsets[begin : begin + size]), MONTH) or cut
    assert cut == whole


def test_a_fingerprint_is_a_short_keyed_hash() -> None:
    whole = hmac.digest(KEY.encode(), b"fingerprint\0k1", hashlib.sha256)
    assert Tokeniser({"k1": KEY.encode()}, "k1").fingerprints["k1"] == whole[:4]
    assert fingerprint("k2", KEY.encode()) != fingerprint("k1", KEY.encode()) != fingerprint("k1", OTHER.encode())


def test_whoever_reads_the_ledger_takes_the_record_for_a_waybill_without_events() -> None:
    value = lived(k1=KEY).state[KEYS_KEY]
    due, shipment = decode_due(value), decode_shipment(value)
    assert (due.touched_ms, due.due_ms, due.courier) == (T0 // DAY * DAY, 0, "")
    assert (shipment.waybill, shipment.events, shipment.passes) == ("", 0, 0)
