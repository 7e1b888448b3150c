"""Records: what was counted and decided on test sets, chained."""

from alembic import op
from sqlalchemy import Column, Integer, String, Text, UniqueConstraint

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "regraft_records",
        Column("id", Integer, primary_key=True),
        Column("domain", String(200), nullable=False),
        Column("sequence", Integer, nullable=False),
        Column("kind", String(20), nullable=False),
        Column("content", Text, nullable=False),
        Column("time", String(40), nullable=False),
        Column("previous_hash", String(64), nullable=False),
        Column("hash", String(64), nullable=False),
        UniqueConstraint("domain", "sequence"),
    )
