"""Events: runs, checks, approvals and stress tests, beside the chain of promotions."""

from alembic import op
from sqlalchemy import Column, Integer, String, Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "regraft_events",
        Column("id", Integer, primary_key=True),
        Column("domain", String(200), nullable=False),
        Column("kind", String(20), nullable=False),
        Column("outcome", String(20), nullable=False),
        Column("version", Integer, nullable=False),
        Column("text", Text, nullable=False),
        Column("remedy", Text, nullable=False),
        Column("process", String(300), nullable=False),
        Column("time", String(40), nullable=False),
    )
    op.create_index("regraft_events_of_a_domain", "regraft_events", ["domain", "kind", "version"])
