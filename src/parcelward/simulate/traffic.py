"""Ordinary traffic, with everything that looks suspicious and is not: the false alarms that this domain invites."""

from parcelward.moments import CHINA
from parcelward.simulate import identities
from parcelward.simulate.counter import Counter
from parcelward.simulate.goods_names import CIGARETTES, E_CIGARETTES, GOODS
from parcelward.simulate.parcels import Parcel
from parcelward.simulate.world import Outlet, Person, World, person

# Share of the day's parcels accepted in each hour of the day (UTC+8).
RHYTHM = (
    0.2, 0.1, 0.1, 0.1, 0.1, 0.3, 1.0, 2.2, 4.5, 6.5, 7.5, 7.0, 5.0, 5.5, 7.0, 8.0,
    9.0, 9.5, 9.0, 7.0, 5.0, 3.2, 1.6, 0.6,
)  # fmt: skip
RHYTHM_TOTAL = sum(RHYTHM)
HOUR_MS = 3_600_000


def load_at(ms: int) -> float:
    """Load in the hour of a time, relative to the day's mean."""
    offset = CHINA.utcoffset(None).total_seconds()
    return RHYTHM[int(ms / 1000 + offset) // 3600 % 24] * 24 / RHYTHM_TOTAL


class Traffic:
    """Yields ordinary parcels for a slice of time."""

    def __init__(self, counter: Counter, world: World) -> None:
        self.counter = counter
        self.world = world
        self.plan = counter.plan
        self.rng = counter.rng

    def walk_ins(self, from_ms: int, length_ms: int) -> list[Parcel]:
        """Parcels of one visit at a counter that begins in the slice; mostly one."""
        rng, outlet = self.rng, self.world.outlet(self.rng)
        at = from_ms + int(rng.random() * length_ms)
        draw = rng.random()
        if draw < 0.012:
            return self._returns(outlet, at)
        if draw < 0.030:
            return self._organisation(outlet, at)
        if draw < 0.0305:
            return self._staff_member(outlet, at)
        if outlet.kind == "campus" and draw < 0.055:
            return self._moving_students(outlet, at)
        if outlet.kind == "village" and draw < 0.055:
            return self._village_agent(outlet, at)
        if draw < 0.0565:
            return self._restricted(outlet, at)
        if 0.95 < draw < 0.99:
            return self._drop_off(outlet, at)
        if draw > 0.9995:
            return [self.counter.walk_in(rng.choice(self.world.lazy), at, person(rng))]
        who = self._person(outlet)
        count = 1 if not who.regular_goods else 1 + int(rng.expovariate(0.6))
        parcels = [self._late(self._quirks(self.counter.walk_in(outlet, at, who))) for _ in range(count)]
        if draw > 0.9985:
            return [self._odd_hours(parcel) for parcel in parcels]
        return parcels

    def bulk(self, from_ms: int, length_ms: int) -> list[Parcel]:
        """One collection at an agreement customer: many parcels, which may be inspected fast."""
        rng, outlet, counter = self.rng, self.world.outlet(self.rng), self.counter
        customer = rng.choice(outlet.customers)
        collector = rng.choice(outlet.collectors)
        at = from_ms + int(rng.random() * length_ms)
        size = 1 + int(rng.expovariate(1 / (12 if self.plan.live else 30)))
        printed_at_once = rng.random() < 0.2
        photographed = rng.random() < 0.5
        at_depot = rng.random() < 0.3 and not self.plan.live  # inspected one by one, later
        late = rng.random() < 0.02
        upload = int(rng.uniform(0.3, 5) * HOUR_MS) if late and not self.plan.live else 0
        parcels = []
        for _ in range(size):
            kind, name = customer.catalogue[int(len(customer.catalogue) * rng.random() ** 1.5)]
            parcel = counter.parcel(outlet, collector, at, counter.customer_sender(customer), kind, name, 0.4)
            counter.inspect(parcel, queue=False)
            if parcel.inspection:
                parcel.inspection.operator = collector
                parcel.inspection.duration_ms = int(rng.uniform(900, 4000))
                if at_depot:
                    parcel.inspection.duration_ms = int(rng.uniform(3000, 30_000))
                elif not self.plan.live:
                    parcel.inspection.ended_ms = at + int(rng.uniform(1000, 9000) + 60_000 * printed_at_once)
                if not photographed:
                    parcel.inspection.photos = []
                parcel.inspection.upload_ms += upload
                parcel.inspection.backfill = bool(upload) and rng.random() < 0.7
            parcel.upload_ms += upload
            parcel.backfill = parcel.inspection.backfill if parcel.inspection else bool(upload)
            parcels.append(parcel)
            at += int(rng.uniform(20, 200) if printed_at_once or self.plan.live else rng.uniform(900, 4000))
        return parcels

    def _person(self, outlet: Outlet) -> Person:
        """Somebody who comes back (some far more often than others), else somebody new."""
        rng = self.rng
        if rng.random() < 0.4:
            who = outlet.persons[int(len(outlet.persons) * rng.random() ** 1.6)]
            if rng.random() < 0.03:
                who = Person(who.document_type, who.document, who.name, identities.phone(rng))  # a second phone
            return who
        return person(rng)

    def _quirks(self, parcel: Parcel) -> Parcel:
        """Innocent irregularities: hurried inspections, hand-typed documents, unrecorded pick-up places."""
        rng, inspection = self.rng, parcel.inspection
        draw = rng.random()
        if inspection and draw < 0.06:
            inspection.duration_ms = int(rng.uniform(4600, 9500))
        elif draw < 0.09:
            parcel.verify_method = "manual"
        elif inspection and draw < 0.1:
            inspection.weight_g = max(1, int(parcel.weight_g * rng.uniform(0.8, 1.3)))  # repacked at the counter
        elif inspection and 0.11 < draw < 0.15:
            inspection.weight_g = max(1, int(parcel.weight_g * rng.uniform(0.9, 1.18)))  # weighed with the box
        elif draw < 0.11:
            parcel.receiver["region"] = rng.choice(rng.choice(self.counter.cities).counties)
        return parcel

    def _late(self, parcel: Parcel) -> Parcel:
        """Handhelds that come online later: both records arrive long after they were written."""
        rng, inspection = self.rng, parcel.inspection
        if rng.random() > (0.004 if self.plan.live else 0.03):
            return parcel
        delay = int((0.1 + 5.9 * rng.random() ** 2.5) * HOUR_MS)  # hours, mostly few
        if self.plan.live:  # a live run cannot wait for hours, so the times of its late records are old instead
            parcel.accepted_ms -= delay
            if inspection:
                inspection.ended_ms -= delay
        parcel.upload_ms += delay
        parcel.backfill = rng.random() < 0.8
        if inspection:
            inspection.upload_ms += delay if rng.random() < 0.98 else int(delay * rng.random())
            inspection.backfill = parcel.backfill
        return parcel

    def _odd_hours(self, parcel: Parcel) -> Parcel:
        """Shops that open early or close late."""
        if not self.plan.live:
            shift = int(self.rng.uniform(2, 7) * HOUR_MS)
            parcel.accepted_ms += shift
            if parcel.inspection:
                parcel.inspection.ended_ms += shift
        return parcel

    def _returns(self, outlet: Outlet, at: int) -> list[Parcel]:
        """A shopper returns goods under the shop platform's agreement."""
        customer = self.rng.choice(self.rng.choice(self.world.outlets).customers)
        kind, name = self.rng.choice(customer.catalogue)
        parcel = self.counter.walk_in(outlet, at, person(self.rng), (kind, f"退货 {name}"))
        parcel.sender = self.counter.customer_sender(customer)
        parcel.verify_method = "app_prior"
        return [parcel]

    def _drop_off(self, outlet: Outlet, at: int) -> list[Parcel]:
        """A small shop brings its parcels to the counter under its own agreement."""
        rng, counter = self.rng, self.counter
        customer, parcels = rng.choice(outlet.customers), []
        for _ in range(1 + int(rng.expovariate(0.7))):
            parcel = counter.walk_in(outlet, at, outlet.persons[0], rng.choice(customer.catalogue))
            parcels.append(self._late(self._quirks(parcel)))
            parcel.sender, parcel.verify_method = counter.customer_sender(customer), "app_prior"
        return parcels

    def _organisation(self, outlet: Outlet, at: int) -> list[Parcel]:
        """A company posts papers or samples, all of them printed in the same minute."""
        rng, counter = self.rng, self.counter
        sender = {
            "kind": "organisation",
            "document_type": "organisation_code",
            "document_number": identities.organisation_code(rng),
            "name": f"{identities.person_name(rng)[-2:]}科技有限公司",
            "phone": identities.phone(rng),
        }
        parcels = []
        for _ in range(1 + int(rng.expovariate(0.4))):
            kind = "documents" if rng.random() < 0.7 else rng.choice(("electronics", "tools", "stationery"))
            parcel = counter.walk_in(outlet, at, outlet.persons[0], (kind, rng.choice(GOODS[kind].names)))
            parcel.sender, parcel.verify_method = sender, "ocr"
            parcels.append(parcel)
        return parcels

    def _staff_member(self, outlet: Outlet, at: int) -> list[Parcel]:
        """A member of staff sends something of their own, once."""
        operator = self.counter.staff(outlet)
        own = Person("resident_id", operator.document, identities.person_name(self.rng), identities.phone(self.rng))
        return [self.counter.walk_in(outlet, at, own)]

    def _moving_students(self, outlet: Outlet, at: int) -> list[Parcel]:
        """Students of one dormitory leave: many new senders, heavy parcels, the same few words."""
        rng, parcels = self.rng, []
        for _ in range(2 + int(rng.expovariate(2.0 if self.plan.live else 0.3))):
            student = person(rng)
            for _ in range(1 + int(rng.expovariate(0.8))):
                kind = rng.choice(("luggage", "bedding", "books"))
                parcels.append(self.counter.walk_in(outlet, at, student, (kind, rng.choice(GOODS[kind].names))))
        return parcels

    def _village_agent(self, outlet: Outlet, at: int) -> list[Parcel]:
        """The village station brings what neighbours left there, under the agent's name and phone."""
        rng = self.rng
        agent = outlet.persons[0]
        parcels = [
            self.counter.walk_in(outlet, at, agent)
            for _ in range(2 + int(rng.expovariate(1.0 if self.plan.live else 0.4)))
        ]
        for parcel in parcels:
            if rng.random() < 0.3:
                neighbour = person(rng)
                parcel.sender |= {"document_type": neighbour.document_type, "document_number": neighbour.document}
                parcel.sender |= {
                    "name": neighbour.name,
                    "phone": agent.phone if rng.random() < 0.15 else neighbour.phone,
                }
        return parcels

    def _restricted(self, outlet: Outlet, at: int) -> list[Parcel]:
        """One e-cigarette, or a carton or two of cigarettes: within the limit."""
        rng = self.rng
        parcel = self.counter.walk_in(outlet, at, person(rng), ("phone_things", rng.choice(E_CIGARETTES)))
        parcel.goods["quantity"] = 1
        if rng.random() < 0.5:
            cartons = rng.randrange(1, 3)
            parcel.goods |= {"name": f"{rng.choice(CIGARETTES[:4])} {cartons}条", "quantity": cartons}
            parcel.weight_g = 280 * cartons + 60
        if parcel.inspection:
            parcel.inspection.weight_g, parcel.inspection.found_goods = parcel.weight_g, None
        return [parcel]
