"""Records that must be refused, each with the reason that it must be refused for."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from random import Random
from typing import Any

import orjson

from parcelward.contract.reasons import Reason
from parcelward.simulate import envelopes
from parcelward.simulate.counter import Counter
from parcelward.simulate.plan import Plan, SimulatedRecord
from parcelward.simulate.world import build, person

Raw = tuple[bytes | None, bytes | None]  # key, value
Event = dict[str, Any]
PLAIN = (("content-type", b"application/json"),)
STRUCTURED = (("content-type", b"application/cloudevents+json; charset=utf-8"),)


def _key(event: Event) -> bytes:
    return str(event["data"]["waybill"]).encode()


def _data(**changes: Any) -> Callable[[Event], Raw]:
    """A record whose data differ from the contract in `changes`; the value None drops the field."""

    def make(event: Event) -> Raw:
        data = {name: value for name, value in (event["data"] | changes).items() if value is not None}
        return _key(event), orjson.dumps(event | {"data": data})

    return make


def _event(**changes: Any) -> Callable[[Event], Raw]:
    def make(event: Event) -> Raw:
        changed = {name: value for name, value in (event | changes).items() if value is not None}
        return _key(event), orjson.dumps(changed)

    return make


def _text(change: Callable[[bytes], bytes]) -> Callable[[Event], Raw]:
    return lambda event: (_key(event), change(orjson.dumps(event)))


KINDS: tuple[tuple[Reason, Callable[[Event], Raw]], ...] = (
    (Reason.TOMBSTONE, lambda event: (_key(event), None)),
    (Reason.TOO_LARGE, _text(lambda value: value[:-1] + b',"padding":"' + b"x" * 70_000 + b'"}')),
    (Reason.INVALID_ENCODING, _text(lambda value: value.replace(b'"specversion"', b'"\xff\xfe":1,"specversion"', 1))),
    (Reason.INVALID_JSON, _text(lambda value: value[: len(value) // 2])),
    (Reason.INVALID_JSON, _text(lambda value: value.replace(b'"data":{', b'"data":{"quota":NaN,', 1))),
    (Reason.DUPLICATE_FIELD, _text(lambda value: value.replace(b'"data":{', b'"data":{"weight_g":5,', 1))),
    (Reason.NOT_CLOUDEVENTS, lambda event: (_key(event), orjson.dumps(event["data"]))),
    (Reason.UNKNOWN_TYPE, _event(type="cn.delivery.acceptance.delivery.v1")),
    (Reason.UNKNOWN_VERSION, _event(type="cn.delivery.acceptance.realname.v9")),
    (Reason.MISSING_FIELD, _data(weight_g=None)),
    (Reason.MISSING_FIELD, _event(time=None)),
    (Reason.UNKNOWN_FIELD, _data(weight_kg=3)),
    (Reason.WRONG_TYPE, _data(weight_g="850")),
    (Reason.INVALID_VALUE, _data(weight_g=0)),
    (Reason.INVALID_VALUE, _data(verify_method="guess")),
    (Reason.MISSING_KEY, lambda event: (None, orjson.dumps(event))),
    (Reason.KEY_MISMATCH, lambda event: (b"SF0000000000000", orjson.dumps(event))),
    (Reason.WRONG_COURIER, _data(courier="nobody")),
    (Reason.TIME_OUT_OF_RANGE, _event(time="2019-05-01T08:00:00.000+08:00")),
)


def malformed(couriers: tuple[str, ...], start: datetime, seed: int = 1) -> Iterator[SimulatedRecord]:
    """An endless sequence of records to be refused, each reason in turn; arrival is a minute after `start`."""
    plan = Plan(
        couriers=couriers, outlets_per_courier=1, senders=5, start=start, seed=seed + 40_000_000, waybills_per_day=100
    )
    rng = Random(plan.seed)
    world = build(plan, rng)
    counter = Counter(plan, rng)
    now = int(start.timestamp() * 1000)
    for number in count():
        reason, make = KINDS[number % len(KINDS)]
        outlet = world.outlets[number % len(world.outlets)]
        parcel = counter.walk_in(outlet, now, person(rng), ("shoes", "女鞋"), queue=False)
        key, value = make(envelopes.real_name(parcel, f"bad-{plan.seed:x}-{now:x}-{number:x}"))
        headers = PLAIN if reason is Reason.NOT_CLOUDEVENTS else STRUCTURED
        yield SimulatedRecord(now + 60_000, outlet.courier, key, headers, value, reason)
