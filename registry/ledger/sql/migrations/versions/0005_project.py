"""The identity of the project that the ledger belongs to."""

from alembic import op
from sqlalchemy import Column, Integer, String

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "regraft_project",
        Column("id", Integer, primary_key=True),
        Column("identity", String(12), nullable=False),
    )
