"""Counties of parcels, as far as alerts tell them: of a waybill itself, or else of other parcels of its outlet."""

from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select

from parcelward.console.store.database import Database
from parcelward.console.store.packing import unpacked
from parcelward.console.store.tables import alert_revisions, alerts, referrals

LOOKED_AT = 5
"""The newest alerts of an outlet, of which the first that names a county counts."""


class KnownRegion(NamedTuple):
    """A county, the alert that names it, and whether that is one of the parcel itself."""

    region: str
    alert_id: str
    of_waybill: bool


class _Card(msgspec.Struct):
    from_region: str | None = None


class _Document(msgspec.Struct):
    card: _Card | None = None


_read = msgspec.json.Decoder(_Document).decode


def known_region(database: Database, courier: str, waybill: str, outlet: str) -> KnownRegion | None:
    """Find the county in which a parcel was accepted; None where no alert tells."""
    own = select(alerts.c.alert_id).where(alerts.c.waybill == waybill, alerts.c.courier == courier)
    own = own.order_by(alerts.c.number.desc())
    near = select(referrals.c.alert_id).where(referrals.c.courier == courier, referrals.c.outlet == outlet)
    near = near.order_by(referrals.c.at_ms.desc())
    with database.reading() as connection:
        for query, of_waybill in ((own, True), (near, False)):
            for alert_id in connection.execute(query.limit(LOOKED_AT)).scalars():
                region = _region(connection, alert_id)
                if region is not None:
                    return KnownRegion(region, alert_id, of_waybill)
    return None


def _region(connection: Connection, alert_id: str) -> str | None:
    query = select(alert_revisions.c.document).join(alerts, alerts.c.number == alert_revisions.c.number)
    query = query.where(alerts.c.alert_id == alert_id).order_by(alert_revisions.c.place.desc())
    document = connection.execute(query.limit(1)).scalar()
    if document is None:
        return None
    try:
        card = _read(unpacked(document)).card
    except msgspec.DecodeError:  # of a version that says it otherwise
        return None
    return None if card is None else card.from_region
