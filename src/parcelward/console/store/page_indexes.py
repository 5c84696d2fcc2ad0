"""Indexes by which pages of figures find what they count, beside those of the lists."""

from sqlalchemy import Index, literal_column

from parcelward.console.store.ranks import LANE_RANKS
from parcelward.console.store.tables import alerts, referrals
from parcelward.contract.alerts import Lane

IS_DRAWN = alerts.c.lane == literal_column(str(LANE_RANKS[Lane.GREEN_SAMPLED]))
"""Written out, or no database takes the index of these alone; so is the next."""
HAS_OUTCOME = referrals.c.outcome.is_not(None)

Index(
    "alerts_drawn",
    *(alerts.c[name] for name in ("raised_ms", "courier", "alert_id", "outlet")),
    sqlite_where=IS_DRAWN,
    postgresql_where=IS_DRAWN,
)
Index(  # holds all that is asked for, so that walking it reads no rows
    "referrals_decided",
    *(referrals.c[name] for name in ("at_ms", "alert_id", "rules", "lane", "outcome")),
    sqlite_where=HAS_OUTCOME,
    postgresql_where=HAS_OUTCOME,
)
