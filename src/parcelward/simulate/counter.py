"""The work at a counter: a sender, a receiver, goods and their weight become a parcel, and it is inspected."""

import math
from random import Random
from typing import Any

from parcelward.simulate import identities
from parcelward.simulate.goods_names import ALL_GOODS, BEHIND, BRANDS, SUFFIXES, VAGUE
from parcelward.simulate.parcels import Parcel, SimulatedInspection, SimulatedPhoto
from parcelward.simulate.places import CITIES, ROUTE_WEIGHTS, City
from parcelward.simulate.plan import Plan
from parcelward.simulate.world import LIVE_RELIEF, Customer, Operator, Outlet, Person

# What persons send: classes in the proportions of a counter; documents, food from home, clothes come first.
_SHARES = (
    ("documents", 14), ("local_food", 8), ("clothes", 9), ("light_clothes", 7), ("coats", 4),
    ("shoes", 6), ("books", 5), ("snacks", 5), ("fruit", 6), ("tea", 3),
    ("bedding", 3), ("battery_things", 3), ("electronics", 4), ("bags", 3), ("toys", 3),
    ("kitchen", 2), ("cosmetics", 3), ("letters", 3), ("decor", 2), ("health", 2),
    ("baby", 2), ("tools", 2), ("jewellery", 1), ("small_electronics", 1), ("detergents", 1),
    ("computers", 1), ("small_appliances", 1), ("appliances", 2), ("vehicle_parts", 1), ("luggage", 2),
    ("staples", 2), ("stationery", 1), ("sports", 1),
)  # fmt: skip
_PERSONAL = [name for name, share in _SHARES for _ in range(share)]
WITH_BATTERY = {"battery_things", "small_appliances", "small_electronics", "computers", "electronics", "toys"}
DUE_MS = 27 * 60_000  # nobody honest inspects later than this


class Counter:
    """Makes parcels as counters do; one per simulation, because waybill numbers and randomness run on."""

    def __init__(self, plan: Plan, rng: Random) -> None:
        self.plan = plan
        self.rng = rng
        self.cities: list[City] = rng.choices(CITIES, ROUTE_WEIGHTS, k=4096)
        # Restarting a simulation with another start must not repeat waybill numbers.
        self._number = (int(plan.start.timestamp()) * 10_000_019 + plan.seed * 7_368_787) % 10**13
        self._prefix: dict[str, str] = {"swift": "SF", "orient": "YT", "harbor": "JT"}

    def waybill(self, courier: str) -> str:
        """A new waybill number of a courier."""
        self._number = (self._number + 1) % 10**13
        return f"{self._prefix.get(courier, 'PW')}{self._number:013d}"

    def receiver(self, city: City | None = None) -> dict[str, Any]:
        """Somebody who will receive a parcel, on one of the common routes unless a city is given."""
        rng = self.rng
        target = city or self.cities[int(rng.random() * 4096)]
        number = identities.privacy_number(rng) if rng.random() < 0.3 else identities.phone(rng)
        return {"name": identities.person_name(rng), "phone": number, "region": target.counties[int(rng.random() * 2)]}

    def goods_text(self, name: str, free: float = 1.0) -> str:
        """A goods name as somebody types it: brand, size, now and then a slip; `free` scales how freely."""
        rng = self.rng
        draw = rng.random() / free if free else 1.0
        if draw < 0.12:
            return BRANDS[int(rng.random() * len(BRANDS))] + name
        if draw < 0.32:
            return f"{name} {SUFFIXES[int(rng.random() * len(SUFFIXES))]}"
        if draw < 0.36:
            return f"{BRANDS[int(rng.random() * len(BRANDS))]}{name}{SUFFIXES[int(rng.random() * len(SUFFIXES))]}"
        if draw < 0.38 and len(name) > 2:
            at = 1 + int(rng.random() * (len(name) - 1))
            return name[: at - 1] + name[at] + name[at - 1] + name[at + 1 :]
        return name

    def goods(self, kind: str, name: str, free: float = 1.0) -> tuple[dict[str, Any], int]:
        """Declaration and true weight (g) of ordinary goods of a class."""
        rng, found = self.rng, ALL_GOODS[kind]
        quantity = 1 if rng.random() < 0.78 else 1 + int(rng.expovariate(0.7))
        weight = found.median_g * math.exp(rng.gauss(0, found.sigma)) * quantity**0.95 + 25
        declared: dict[str, Any] = {
            "name": self.goods_text(name, free),
            "nature": found.nature,
            "quantity": quantity,
            "dangerous_declared": False,
        }
        if rng.random() < 0.35:
            declared["declared_value_cny"] = round(found.price_cny * quantity * math.exp(rng.gauss(0, 0.7)), 1)
        return declared, max(5, min(60_000, int(weight)))

    def personal_goods(self, outlet: Outlet, person: Person) -> tuple[str, str]:
        """Class and name of what a person sends at an outlet."""
        rng = self.rng
        if person.regular_goods and rng.random() < 0.85:
            return person.regular_goods
        draw = rng.random()
        kind = "innocent" if draw < 0.008 else _PERSONAL[int(rng.random() * len(_PERSONAL))]
        if draw > 1 - outlet.vague_share:
            name = outlet.favourite_vague if rng.random() < 0.4 else VAGUE[int(rng.random() * len(VAGUE))]
            kind = rng.choice(BEHIND.get(name, (kind,)))
        else:
            names = ALL_GOODS[kind].names
            name = names[int(rng.random() * len(names))]
        return kind, name

    def sender_of(self, person: Person) -> dict[str, Any]:
        """Make the sender part of a person's real-name event."""
        number = person.document
        draw = self.rng.random()
        if draw < 0.004:
            number = number.lower()  # some readers write a small x
        phone = identities.privacy_number(self.rng) if draw > 0.98 else person.phone
        return {
            "kind": "person",
            "document_type": person.document_type,
            "document_number": number,
            "name": person.name,
            "phone": phone,
        }

    @staticmethod
    def customer_sender(customer: Customer) -> dict[str, Any]:
        """Make the sender part for an agreement customer: no document, the filed agreement instead."""
        return {
            "kind": "agreement",
            "name": customer.name,
            "phone": customer.phone,
            "agreement_id": customer.agreement,
        }

    def staff(self, outlet: Outlet) -> Operator:
        """The less busy of two members of staff; those late on the list get less."""
        rng, staff = self.rng, outlet.operators
        if self.plan.live:  # seconds count: nobody queues while somebody is free
            return min(staff[:-LIVE_RELIEF], key=lambda operator: operator.busy_until)
        one = staff[int(len(staff) * rng.random())]
        other = staff[int(len(staff) * rng.random() ** 1.4)]
        return other if other.busy_until <= one.busy_until else one

    def jumped_to(self, outlet: Outlet) -> Operator:
        """Draw staff for a parcel that does not queue; it must not make the next honest one look hurried."""
        return self.rng.choice(outlet.operators[-LIVE_RELIEF:] if self.plan.live else outlet.operators)

    def parcel(self, outlet: Outlet, operator: Operator, at_ms: int, sender: dict[str, Any], kind: str, name: str,
               free: float = 1.0) -> Parcel:  # fmt: skip
        """A parcel of ordinary goods, not yet inspected."""
        rng = self.rng
        goods, weight = self.goods(kind, name, free)
        return Parcel(
            outlet=outlet,
            operator=operator,
            waybill=self.waybill(outlet.courier),
            accepted_ms=at_ms,
            sender=sender,
            receiver=self.receiver(),
            goods_class=kind,
            goods=goods,
            weight_g=weight,
            verify_method="app_prior",
            transport=self.transport(kind),
            latitude=round(outlet.latitude + (rng.random() - 0.5) * 0.002, 5),
            longitude=round(outlet.longitude + (rng.random() - 0.5) * 0.002, 5),
            upload_ms=self.upload_ms(),
        )

    def transport(self, kind: str) -> str:
        """Choose how a parcel travels. Nearly nobody sends batteries by air."""
        draw = self.rng.random() * (0.89 if kind in WITH_BATTERY else 1.0)
        return "road" if draw < 0.87 else "rail" if draw < 0.9 else "air"

    def walk_in(self, outlet: Outlet, at_ms: int, person: Person, goods: tuple[str, str] | None = None,
                queue: bool = True, operator: Operator | None = None) -> Parcel:  # fmt: skip
        """A person's parcel, inspected as usual. With `queue` the person waits until a member of staff is free."""
        rng, live = self.rng, self.plan.live
        who = operator or (self.staff(outlet) if queue else self.jumped_to(outlet))
        if queue:
            at_ms = max(at_ms, who.busy_until)
            who.busy_until = at_ms + int(rng.uniform(17_000, 23_000) if live else rng.uniform(20_000, 60_000))
        kind, name = goods or self.personal_goods(outlet, person)
        parcel = self.parcel(outlet, who, at_ms, self.sender_of(person), kind, name)
        draw = rng.random()
        if draw < who.manual_share:
            parcel.verify_method = "manual"
        else:
            parcel.verify_method = "nfc" if draw < 0.55 else "ocr" if draw < 0.8 else "app_prior"
        if draw > 0.93:  # picked up at the sender's door
            parcel.latitude = round(outlet.latitude + rng.gauss(0, 0.02), 5)
            parcel.longitude = round(outlet.longitude + rng.gauss(0, 0.02), 5)
            parcel.address_differs = rng.random() < 0.7
        self.inspect(parcel, queue)
        return parcel

    def inspect(self, parcel: Parcel, queue: bool = True) -> None:
        """Give a parcel its inspection: minutes after acceptance, sometimes shortly before, at a human pace."""
        rng, operator = self.rng, parcel.operator
        if parcel.goods["nature"] == "letter":
            parcel.inspection = None  # letters are exempt
            return
        if rng.random() < 0.12 and not self.plan.live:  # in a live run it would be one who inspects just then
            operator = self.staff(parcel.outlet)
        duration = int(1000 * max(4.5, operator.pace * math.exp(rng.gauss(3.1, 0.55))))
        if self.plan.live:
            ended = parcel.accepted_ms + int(rng.uniform(200, 3000))
        else:
            delay = int(1000 * math.exp(rng.gauss(5.0, 0.9)) * self.plan.duty_delay)
            start = parcel.accepted_ms + (delay if rng.random() > 0.02 else -int(rng.uniform(15_000, 90_000)))
            if queue:
                start = max(start, operator.inspecting_until)
            ended = min(start + duration, parcel.accepted_ms + DUE_MS)
            if queue:
                operator.inspecting_until = max(operator.inspecting_until, ended + int(rng.uniform(6000, 15_000)))
        parcel.inspection = SimulatedInspection(
            operator=operator,
            ended_ms=ended,
            duration_ms=duration,
            weight_g=max(1, int(parcel.weight_g * rng.gauss(1, 0.01))) if rng.random() < 0.5 else parcel.weight_g,
            sealed_after_ms=int(rng.expovariate(1 / 40_000)),
            mark=rng.random() > 0.004,
            upload_ms=self.upload_ms(),
            photos=self.photos() if rng.random() < operator.photo_share else [],
        )
        if rng.random() < 0.15:
            parcel.inspection.found_goods = parcel.goods["name"]

    def upload_ms(self) -> int:
        """Draw the time a record takes to arrive from a handheld that is online; in a live run 1 s at most."""
        taken = 100 + int(self.rng.expovariate(1 / 400))
        return min(taken, 1000) if self.plan.live else taken

    def photos(self) -> list[SimulatedPhoto]:
        """One or two photos, taken in the last seconds of the inspection."""
        rng = self.rng
        before_ms = 1000 + int(rng.random() * 5000)
        first = SimulatedPhoto(f"{rng.getrandbits(256):064x}", f"{rng.getrandbits(64):016x}", before_ms)
        if rng.random() > 0.3:
            return [first]
        return [first, SimulatedPhoto(f"{rng.getrandbits(256):064x}", f"{rng.getrandbits(64):016x}", before_ms)]
