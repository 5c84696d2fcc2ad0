"""Planted violations that rules can find: one method per pattern makes a case and labels the parcels that it spoils."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from parcelward.simulate import identities
from parcelward.simulate.counter import DUE_MS, Counter
from parcelward.simulate.goods_names import CIGARETTES, DANGEROUS, E_CIGARETTES, GOODS
from parcelward.simulate.parcels import Parcel
from parcelward.simulate.places import distance_km
from parcelward.simulate.traffic import HOUR_MS
from parcelward.simulate.world import Outlet, Person, World, person

MINUTE_MS = 60_000


class PlantedParcel(NamedTuple):
    """A parcel of a case. `note` says how it was spoilt; it is empty for an innocent parcel of the case."""

    parcel: Parcel
    note: str


class PlantedCases:
    """Makes planted cases: `make[pattern](at_ms)` yields the parcels of one case that begins at about that time."""

    def __init__(self, counter: Counter, world: World) -> None:
        self.counter = counter
        self.world = world
        self.plan = counter.plan
        self.rng = counter.rng
        self.make: dict[str, Callable[[int], Iterator[PlantedParcel]]] = {
            "R1": self.bad_document,
            "R2": self.no_real_name,
            "R3": self.no_inspection,
            "R5": self.lent_document,
            "R6": self.staff_document,
            "R7": self.impossible_travel,
            "R8": self.shared_phone,
            "R9": self.hasty_inspections,
            "R10": self.reused_photo,
            "R12": self.template_names,
            "R13": self.wrong_weight,
            "R14": self.dangerous_goods,
            "R15": self.restricted_quantity,
            "R20": self.reused_waybill,
        }

    def spread(self, at_ms: int, hours: float) -> int:
        """A time up to `hours` (scaled by the plan) after `at_ms`."""
        return at_ms + int(self.rng.random() * hours * HOUR_MS * self.plan.time_scale)

    def one(self, at_ms: int, outlet: Outlet | None = None, who: Person | None = None,
            goods: tuple[str, str] | None = None) -> Parcel:  # fmt: skip
        """An ordinary walk-in parcel to spoil. It does not queue, because a case may lie in the future."""
        outlet = outlet or self.world.outlet(self.rng)
        return self.counter.walk_in(outlet, at_ms, who or person(self.rng), goods, queue=False)

    def bad_document(self, at_ms: int) -> Iterator[PlantedParcel]:
        """R1: a document number that breaks its own rules, or a person without any."""
        kind = self.rng.choice((*identities.BAD_KINDS, "missing"))
        parcel = self.one(at_ms)
        if kind == "missing":
            parcel.sender = {"kind": "person", "name": parcel.sender["name"], "phone": parcel.sender["phone"]}
            parcel.verify_method = "manual"
            yield PlantedParcel(parcel, "bad document: missing")
            return
        document_type, number = identities.bad_document(self.rng, kind)
        parcel.sender |= {"document_type": document_type, "document_number": number}
        if self.rng.random() < 0.7:
            parcel.verify_method = "manual"
        yield PlantedParcel(parcel, f"bad document: {kind}")

    def no_real_name(self, at_ms: int) -> Iterator[PlantedParcel]:
        """R2: a parcel is inspected without any real-name event, or long before it."""
        parcel = self.one(at_ms, goods=("clothes", "卫衣"))
        draw = self.rng.random()
        assert parcel.inspection is not None
        if draw < 0.6:
            parcel.registered = False
            yield PlantedParcel(parcel, "no real-name event")
        else:
            earlier = int(self.rng.uniform(12, 25) * MINUTE_MS)
            if self.plan.live:
                parcel.inspection.ended_ms, parcel.inspection.upload_ms = parcel.accepted_ms - earlier, earlier
                parcel.accepted_ms += 700
            else:
                parcel.inspection.ended_ms, parcel.accepted_ms = parcel.accepted_ms, parcel.accepted_ms + earlier
            yield PlantedParcel(parcel, "inspected long before the real-name event")

    def no_inspection(self, at_ms: int) -> Iterator[PlantedParcel]:
        """R3: no inspection event, a parcel not opened, sealed before it was inspected, or inspected too late."""
        parcel = self.one(at_ms, goods=("shoes", self.rng.choice(GOODS["shoes"].names)))
        inspection, draw = parcel.inspection, self.rng.random()
        assert inspection is not None
        if draw < 0.5:
            parcel.inspection = None
            yield PlantedParcel(parcel, "no inspection")
        elif draw < 0.65:
            inspection.opened = False
            yield PlantedParcel(parcel, "passed without being opened")
        elif draw < 0.8 or self.plan.live:
            inspection.sealed_after_ms = -int(self.rng.uniform(1, 20) * MINUTE_MS)
            yield PlantedParcel(parcel, "sealed before the inspection")
        else:
            inspection.ended_ms = parcel.accepted_ms + DUE_MS + int(self.rng.uniform(8, 120) * MINUTE_MS)
            yield PlantedParcel(parcel, "inspected too late")

    def lent_document(self, at_ms: int) -> Iterator[PlantedParcel]:
        """R5: one document with many phones at many outlets of a city."""
        rng, who = self.rng, person(self.rng)
        home = self.world.outlet(rng)
        near = [outlet for outlet in self.world.outlets if outlet.city == home.city and outlet.courier == home.courier]
        for _ in range(rng.randrange(5, 9)):
            who = Person(who.document_type, who.document, who.name, identities.phone(rng))
            parcel = self.one(self.spread(at_ms, 10), rng.choice(near), who)
            parcel.sender["phone"] = who.phone
            yield PlantedParcel(parcel, "one document, many phones and outlets")

    def staff_document(self, at_ms: int) -> Iterator[PlantedParcel]:
        """R6: a member of staff registers customers' parcels under their own identity."""
        rng, outlet = self.rng, self.world.outlet(self.rng)
        operator = rng.choice(outlet.operators)
        name, phone = identities.person_name(rng), identities.phone(rng)
        for _ in range(rng.randrange(4, 9)):
            own = Person("resident_id", operator.document, name, phone if rng.random() < 0.5 else identities.phone(rng))
            parcel = self.counter.walk_in(outlet, self.spread(at_ms, 8), own, queue=False, operator=operator)
            yield PlantedParcel(parcel, "operator's own document")

    def impossible_travel(self, at_ms: int) -> Iterator[PlantedParcel]:
        """R7: one document physically read in two cities too far apart."""
        rng, who = self.rng, person(self.rng)
        here = self.world.outlet(rng)
        far = [outlet for outlet in self.world.outlets if outlet.courier == here.courier
               and distance_km((here.latitude, here.longitude), (outlet.latitude, outlet.longitude)) > 300]  # fmt: skip
        if not far:
            return
        first = self.one(at_ms, here, who)
        second = self.one(
            at_ms + int(rng.uniform(5, 45) * MINUTE_MS * self.plan.time_scale) + 1500, rng.choice(far), who
        )
        for parcel in (first, second):
            parcel.verify_method = rng.choice(("nfc", "ocr"))
            parcel.latitude, parcel.longitude = parcel.outlet.latitude, parcel.outlet.longitude
        yield PlantedParcel(first, "")
        yield PlantedParcel(second, "read far apart in a short time")

    def shared_phone(self, at_ms: int) -> Iterator[PlantedParcel]:
        """R8: one phone with a pool of documents."""
        rng, outlet, phone = self.rng, self.world.outlet(self.rng), identities.phone(self.rng)
        for _ in range(rng.randrange(6, 11)):
            parcel = self.one(self.spread(at_ms, 8), outlet)
            parcel.sender["phone"] = phone
            yield PlantedParcel(parcel, "one phone, many documents")

    def hasty_inspections(self, at_ms: int) -> Iterator[PlantedParcel]:
        """R9: walk-in parcels inspected seconds apart, again and again."""
        rng, outlet = self.rng, self.world.outlet(self.rng)
        operator = rng.choice(outlet.operators)
        ended = at_ms + (1500 if self.plan.live else 20 * MINUTE_MS)
        for _ in range(rng.randrange(10, 17)):
            accepted = ended - int(rng.uniform(500, 1400) if self.plan.live else rng.uniform(1, 19) * MINUTE_MS)
            goods = (kind := rng.choice(("clothes", "shoes", "snacks", "tea", "toys")), rng.choice(GOODS[kind].names))
            parcel = self.counter.walk_in(outlet, accepted, person(rng), goods, queue=False, operator=operator)
            inspection = parcel.inspection
            assert inspection is not None
            inspection.operator, inspection.ended_ms, inspection.duration_ms = (
                operator,
                ended,
                int(rng.uniform(700, 1900)),
            )
            ended += int(rng.uniform(1000, 4000))
            yield PlantedParcel(parcel, "inspections seconds apart")

    def reused_photo(self, at_ms: int) -> Iterator[PlantedParcel]:
        """R10: the photo of one inspection serves for others; the first one is innocent."""
        rng, outlet = self.rng, self.world.outlet(self.rng)
        goods = ("clothes", rng.choice(GOODS["clothes"].names))
        first = self.one(at_ms, outlet, goods=goods)
        assert first.inspection is not None
        photo = (first.inspection.photos or self.counter.photos())[0]
        first.inspection.photos = [photo]
        yield PlantedParcel(first, "")
        start = max(at_ms, first.inspection.ended_ms) + 3000
        for _ in range(rng.randrange(2, 5)):
            parcel = self.one(self.spread(start, 6), outlet, goods=goods)
            assert parcel.inspection is not None
            age_ms = parcel.inspection.ended_ms - first.inspection.ended_ms  # a copied file keeps its time
            parcel.inspection.photos = [photo._replace(before_ms=photo.before_ms + age_ms)]
            yield PlantedParcel(parcel, "photo of another waybill")

    def template_names(self, at_ms: int) -> Iterator[PlantedParcel]:
        """R12: a small outlet writes the same vague name on nearly everything."""
        rng, outlet = self.rng, self.rng.choice(self.world.lazy)
        for _ in range(rng.randrange(28, 42)):
            parcel = self.one(self.spread(at_ms, 9), outlet)
            if rng.random() < 0.04:
                yield PlantedParcel(parcel, "")
                continue
            if parcel.goods["nature"] == "letter":
                continue
            parcel.goods["name"] = outlet.favourite_vague
            if parcel.inspection:
                parcel.inspection.found_goods = None
            yield PlantedParcel(parcel, "template goods name")

    def wrong_weight(self, at_ms: int) -> Iterator[PlantedParcel]:
        """R13: a weight that does not fit the goods, or that changed before the inspection."""
        rng = self.rng
        kind = rng.choice(("coats", "phone_things", "shoes", "tea", "light_clothes", "documents", "cosmetics"))
        name = rng.choice(GOODS[kind].names)
        parcel = self.one(at_ms, goods=(kind, name))
        inspection = parcel.inspection
        if rng.random() < 0.7 or inspection is None:
            quantity = parcel.goods["quantity"] = 1
            parcel.weight_g = int(GOODS[kind].median_g * quantity * math.exp(rng.uniform(2.3, 3.6)))
            parcel.goods["name"] = name
            if inspection:
                inspection.weight_g, inspection.found_goods = parcel.weight_g, None
            yield PlantedParcel(parcel, "weight does not fit the goods")
        else:
            inspection.weight_g = parcel.weight_g + int(max(600, parcel.weight_g * rng.uniform(0.5, 2)))
            yield PlantedParcel(parcel, "weight changed until the inspection")

    def dangerous_goods(self, at_ms: int) -> Iterator[PlantedParcel]:
        """R14: a dangerous goods name, plain, in English or disguised. Sometimes only the inspector writes it."""
        rng = self.rng
        style = rng.choice(("plain", "plain", "english", "disguised"))
        term, category = rng.choice(DANGEROUS[style])
        parcel = self.one(at_ms, goods=("tools", "五金件"))
        assert parcel.inspection is not None
        parcel.inspection.found_goods = None
        if rng.random() < 0.1:
            parcel.inspection.found_goods = term
            yield PlantedParcel(parcel, f"dangerous goods found, {style}, category {category}")
            return
        parcel.goods["name"] = self.counter.goods_text(term) if style != "disguised" else term
        parcel.goods["nature"] = rng.choice(("general", "liquid"))
        yield PlantedParcel(parcel, f"dangerous goods declared, {style}, category {category}")

    def restricted_quantity(self, at_ms: int) -> Iterator[PlantedParcel]:
        """R15: more e-cigarettes or cigarettes than a person may send."""
        rng, draw = self.rng, self.rng.random()
        if draw < 0.4:
            who, outlet = person(rng), self.world.outlet(rng)
            parcels = []
            for _ in range(rng.randrange(2, 4)):
                parcel = self.one(self.spread(at_ms, 6), outlet, who, ("phone_things", rng.choice(E_CIGARETTES)))
                parcel.goods["quantity"] = 1
                parcels.append(parcel)
            first = min(parcels, key=lambda parcel: parcel.accepted_ms + parcel.upload_ms)  # allowed by itself
            for parcel in parcels:
                yield PlantedParcel(parcel, "" if parcel is first else "several e-cigarette parcels in a day")
            return
        parcel = self.one(at_ms, goods=("phone_things", rng.choice(E_CIGARETTES)))
        if draw < 0.65:
            parcel.goods["quantity"] = count = rng.randrange(3, 40)
            parcel.weight_g = 60 + 45 * count
            note = "too many e-cigarettes"
        else:
            count = rng.randrange(3, 30)
            parcel.goods |= {"name": f"{rng.choice(CIGARETTES[:4])} {count}条", "quantity": count}
            parcel.weight_g = 280 * count + 200
            note = "too many cartons of cigarettes"
        if parcel.inspection:
            parcel.inspection.weight_g, parcel.inspection.found_goods = parcel.weight_g, None
        yield PlantedParcel(parcel, note)

    def reused_waybill(self, at_ms: int) -> Iterator[PlantedParcel]:
        """R20: the number of an earlier waybill serves for another parcel."""
        first = self.one(at_ms)
        yield PlantedParcel(first, "")
        second = self.one(self.spread(at_ms, 8) + (4000 if self.plan.live else 40 * MINUTE_MS), first.outlet)
        second.waybill = first.waybill
        yield PlantedParcel(second, "waybill number used twice")
