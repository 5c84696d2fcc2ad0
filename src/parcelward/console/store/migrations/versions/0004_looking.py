"""Makes room for who is looking at what just now."""

import sqlalchemy as sa
from alembic import op

from parcelward.console.store.columns import Code, Moment

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "looking",
        sa.Column("about", Code, primary_key=True),
        sa.Column("person", Code, primary_key=True),
        sa.Column("at", Moment, nullable=False),
    )
    op.create_index("looking_at", "looking", ["at"])
