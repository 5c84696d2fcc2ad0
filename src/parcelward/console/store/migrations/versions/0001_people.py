"""The people of the console, their sessions, attempts to log in, and saved views; the design of the other tables."""

import sqlalchemy as sa
from alembic import op

from parcelward.console.store.columns import Code, Moment, Number, Words

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "people",
        sa.Column("name", Code, primary_key=True),
        sa.Column("shown", Words, nullable=False),
        sa.Column("role", Code, nullable=False),
        sa.Column("courier", Code),
        sa.Column("token", Code, nullable=False, unique=True),
        sa.Column("password", Words, nullable=False),
        sa.Column("language", Code),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("disabled_at", Moment),
    )
    op.create_table(
        "sessions",
        sa.Column("id", Code, primary_key=True),
        sa.Column("person", Code, nullable=False),
        sa.Column("csrf", Code, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
    )
    op.create_index("sessions_of", "sessions", ["person"])
    op.create_table(
        "attempts",
        sa.Column("id", Number, primary_key=True, autoincrement=True),
        sa.Column("person", Code, nullable=False),
        sa.Column("address", Code, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("succeeded", sa.Boolean, nullable=False),
    )
    op.create_index("attempts_of_person", "attempts", ["person", "at"])
    op.create_index("attempts_from", "attempts", ["address", "at"])
    op.create_table(
        "views",
        sa.Column("person", Code, primary_key=True),
        sa.Column("name", Code, primary_key=True),
        sa.Column("query", Words, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
    )
    op.create_table(
        "design",
        sa.Column("one", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.SmallInteger, nullable=False),
    )
