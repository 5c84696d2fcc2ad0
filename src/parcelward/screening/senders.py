"""Second stage: profiles of phones and documents. Keyed by phone token first, then by document token."""

from collections.abc import Mapping

from parcelward.expiry import Sweep
from parcelward.moments import WEEK_MS
from parcelward.profiles.sender_series import OF_DOCUMENT, OF_PHONE, document_series, phone_series
from parcelward.profiles.senders import (
    PhoneProfile,
    SenderProfile,
    phone_view,
    sender_view,
    sends_counted,
    take_from_phone,
    take_from_sender,
)
from parcelward.shipments.shipment import First, decode_brief, decode_hop, encode, outlet_key
from parcelward.stage import Batch, Outcome, Send, SourceRecord
from parcelward.topics import Topics


class SendersStage:
    """Identity profiles of one partition."""

    def __init__(self, topics: Topics, event_age_ms: int, least: Mapping[str, int]) -> None:
        """Keep a profile `event_age_ms` longer than its windows: an event may arrive that late.

        `least`: of each count the smallest on which a finding may rest. From there on its series goes with the hop.
        """
        self._topics = topics
        self._least_of_phone = [(feature, least[feature]) for feature in sorted(OF_PHONE & least.keys())]
        self._least_of_document = [(feature, least[feature]) for feature in sorted(OF_DOCUMENT & least.keys())]
        self._keep_ms = keep_ms = WEEK_MS + event_age_ms
        # Not `self._keep_ms`: a reference to self would be a cycle, and keep the sweep's list of all keys alive when
        # the partition is gone.
        self._sweep = Sweep(lambda _key: keep_ms, keep_ms)

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Begin the expiry sweep anew."""
        self._sweep.restore()

    def step(self, batch: Batch, state: Mapping[bytes, bytes]) -> Outcome:
        """Count each parcel once per profile and pass the shipment on with what the profile says."""
        outcome = Outcome()
        phones: dict[bytes, PhoneProfile] = {}
        senders: dict[bytes, SenderProfile] = {}
        newest = 0
        for record in batch.records:
            send, arrival = self._pass(record, state, phones, senders)
            outcome.sends.append(send)
            newest = max(newest, arrival)
        new = sum(key not in state for profiles in (phones, senders) for key in profiles)
        for key in self._sweep.expired(state, len(batch.records), newest, lambda _key: newest, new):
            outcome.updates[key] = None
        for key, phone in phones.items():
            outcome.updates[key] = encode(phone)
        for key, sender in senders.items():
            outcome.updates[key] = encode(sender)
        return outcome

    def commit(self, batch: Batch, outcome: Outcome) -> None:
        """Move the expiry sweep on."""
        self._sweep.commit()

    def counted(self, key: bytes, value: bytes) -> int:
        """Count the parcels of a profile."""
        return sends_counted(value)

    def _pass(
        self,
        record: SourceRecord,
        state: Mapping[bytes, bytes],
        phones: dict[bytes, PhoneProfile],
        senders: dict[bytes, SenderProfile],
    ) -> tuple[Send, int]:
        """Make the record to send on; also give the arrival (epoch ms) of the event or deadline behind this pass.

        What is to be taken back goes the same way as what was counted, so it never comes before it.
        """
        hop = decode_hop(record.value or b"")
        shipment = decode_brief(hop.shipment)
        real_name = shipment.real_name
        assert real_name is not None  # the first stage sends nothing else here
        arrival = shipment.touched_ms
        is_first, back = bool(shipment.firsts & First.SENDER), hop.takes_back
        oldest = arrival - self._keep_ms
        if not hop.at_document and real_name.phone_token is not None:
            phone = real_name.phone_token.encode()
            if not back:
                hop.phone, known = phone_view(phone, real_name, is_first, state, phones, oldest)
                if wanted := [one for one, least in self._least_of_phone if getattr(hop.phone, one) >= least]:
                    hop.series += phone_series(known, shipment, real_name, hop.phone, wanted)
            elif back & First.SENDER:
                take_from_phone(phone, real_name, state, phones, oldest)
        if real_name.document_token is not None:
            key = real_name.document_token.encode()
            if not hop.at_document:
                hop.at_document = True
                return Send(self._topics.into("senders"), key, encode(hop)), arrival
            if not back:
                view, hop.travel_from, profile = sender_view(key, shipment, real_name, is_first, state, senders, oldest)
                hop.sender = view
                if wanted := [one for one, least in self._least_of_document if getattr(view, one) >= least]:
                    hop.series += document_series(profile, shipment, real_name, view, wanted)
            elif back & First.SENDER:
                take_from_sender(key, shipment, real_name, state, senders, oldest)
        return Send(
            self._topics.into("outlets"), outlet_key(shipment.courier, shipment.home_outlet), encode(hop)
        ), arrival
