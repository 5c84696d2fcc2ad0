"""Alerts of many parcels at once."""

from collections.abc import Collection

from sqlalchemy import select

from parcelward.console.store.database import Database
from parcelward.console.store.tables import alerts


def alerts_of(database: Database, waybills: Collection[str]) -> dict[tuple[str, str], str]:
    """Give the newest alert of each parcel that has one, by courier and waybill."""
    if not waybills:
        return {}
    query = select(alerts.c.courier, alerts.c.waybill, alerts.c.alert_id)
    query = query.where(alerts.c.waybill.in_(sorted(waybills))).order_by(alerts.c.number)
    with database.reading() as connection:
        return {(row.courier, row.waybill): row.alert_id for row in connection.execute(query)}
