"""Accounts of people who log in by a provider of identities."""

import sqlalchemy as sa
from alembic import op

from parcelward.console.store.columns import Code

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Remember whom an account belongs to at the provider."""
    op.add_column("people", sa.Column("subject", Code))
    op.create_index("people_by_subject", "people", ["subject"], unique=True)
