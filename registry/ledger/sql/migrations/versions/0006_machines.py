"""What several machines have to agree on: who works on a domain, and which data of it are the newest."""

from alembic import op
from sqlalchemy import Column, DateTime, String, Text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "regraft_leases",
        Column("domain", String(200), primary_key=True),
        Column("token", String(32), nullable=False),
        Column("doing", String(200), nullable=False),
        Column("process", String(300), nullable=False),
        Column("since", DateTime(timezone=True), nullable=False),
        Column("seen", DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "regraft_datasets",
        Column("domain", String(200), primary_key=True),
        Column("stages", Text, nullable=False),
        Column("process", String(300), nullable=False),
        Column("time", DateTime(timezone=True), nullable=False),
    )
