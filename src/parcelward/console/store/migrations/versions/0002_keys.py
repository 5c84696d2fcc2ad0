"""Keys of programs that ask the console's API."""

import sqlalchemy as sa
from alembic import op

from parcelward.console.store.columns import Code, Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "keys",
        sa.Column("id", Code, primary_key=True),
        sa.Column("person", Code, nullable=False),
        sa.Column("name", Code, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("ends_at", Moment),
        sa.Column("revoked_at", Moment),
        sa.Column("used_at", Moment),
        sa.UniqueConstraint("person", "name"),
    )
