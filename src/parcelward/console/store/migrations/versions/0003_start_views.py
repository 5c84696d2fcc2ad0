"""A saved view may be the page with which a person begins."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the mark; so far nobody begins with a view of their own."""
    op.add_column("views", sa.Column("starts", sa.Boolean, nullable=False, server_default=sa.false()))
