"""Checks of traffic with what they owe, and what people said to them."""

from alembic import op
from sqlalchemy import Boolean, Column, Integer, String, Text, UniqueConstraint

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "regraft_checks",
        Column("id", Integer, primary_key=True),
        Column("key", String(32), nullable=False, unique=True),
        Column("follows", String(32), nullable=False),
        Column("domain", String(200), nullable=False),
        Column("version", Integer, nullable=False),
        Column("window", String(64), nullable=False),
        Column("suspect", Boolean, nullable=False),
        Column("outcome", String(20), nullable=False),
        Column("reason", Text, nullable=False),
        Column("figures", Text, nullable=False),
        Column("delivery", Text, nullable=False),
        Column("alerted", Text, nullable=False),
        Column("time", String(40), nullable=False),
        UniqueConstraint("domain", "follows"),
    )
    op.create_index("regraft_checks_of_a_domain", "regraft_checks", ["domain", "id"])
    op.create_table(
        "regraft_marks",
        Column("id", Integer, primary_key=True),
        Column("domain", String(200), nullable=False),
        Column("kind", String(20), nullable=False),
        Column("subject", String(40), nullable=False),
        Column("actor", String(200), nullable=False),
        Column("reason", Text, nullable=False),
        Column("time", String(40), nullable=False),
    )
    op.create_index("regraft_marks_of_a_domain", "regraft_marks", ["domain", "kind"])
