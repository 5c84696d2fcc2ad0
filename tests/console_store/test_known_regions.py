"""The county of a parcel as alerts tell it, on both databases."""

from sqlalchemy import func, select, update

from parcelward.console.store.database import Database
from parcelward.console.store.known_regions import known_region
from parcelward.console.store.packing import packed
from parcelward.console.store.tables import alert_revisions, alerts


def test_of_a_parcel_the_newest_alert_names_the_county_and_one_that_cannot_be_read_names_none(desk: Database) -> None:
    newest = select(func.max(alerts.c.number)).scalar_subquery()
    with desk.writing() as connection:
        one = connection.execute(select(alerts).where(alerts.c.number == newest)).one()
        change = update(alert_revisions).where(alert_revisions.c.number == one.number)
        connection.execute(change.values(document=packed(b'{"card": {"from_region": "110101"}}')))
    found = known_region(desk, one.courier, one.waybill, "no outlet")
    assert found == ("110101", one.alert_id, True)
    with desk.writing() as connection:
        connection.execute(change.values(document=packed(b'{"card": "written otherwise"}')))
    assert known_region(desk, one.courier, one.waybill, "no outlet") is None
