"""The ledger's tables as this release reads and writes them; `migrations/` makes them and brings earlier ones here."""

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

METADATA = MetaData()

LEDGER = Table(
    "ledger",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("domain", String(200), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("action", String(20), nullable=False),
    Column("from_version", Integer, nullable=True),
    Column("to_version", Integer, nullable=False),
    Column("expected_from", Integer, nullable=True),
    Column("actor", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("approval", Text, nullable=False),
    Column("evidence", String(64), nullable=False),
    Column("dataset_version", String(200), nullable=False),
    Column("time", String(40), nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    # two writers that read the same last row take the same number: on any database the second one fails
    UniqueConstraint("domain", "sequence"),
)

TEST_SET_USES = Table(
    "test_set_uses",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("domain", String(200), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("look", Integer, nullable=True),
    Column("test_set", String(64), nullable=False),
    Column("question", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("champion", Integer, nullable=True),
    Column("purpose", String(20), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("time", String(40), nullable=False),
    Column("actor", String(200), nullable=False),
    # two writers that count the same rows take the same number: on any database the second one fails
    UniqueConstraint("domain", "generation", "number"),
)

RECORDS = Table(
    "regraft_records",
    METADATA,
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

EVENTS = Table(
    "regraft_events",  # Prefect, which may share the database, has `events`
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("domain", String(200), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("process", String(300), nullable=False),
    Column("time", String(40), nullable=False),
    Index("regraft_events_of_a_domain", "domain", "kind", "version"),
)

CHECKS = Table(
    "regraft_checks",
    METADATA,
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
    Index("regraft_checks_of_a_domain", "domain", "id"),
)

MARKS = Table(
    "regraft_marks",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("domain", String(200), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("subject", String(40), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("time", String(40), nullable=False),
    Index("regraft_marks_of_a_domain", "domain", "kind"),
)

PROJECT = Table(
    "regraft_project",
    METADATA,
    Column("id", Integer, primary_key=True),  # always 1: of two that name the project at once the second one fails
    Column("identity", String(12), nullable=False),
)

LEASES = Table(
    "regraft_leases",
    METADATA,
    Column("domain", String(200), primary_key=True),
    Column("token", String(32), nullable=False),
    Column("doing", String(200), nullable=False),
    Column("process", String(300), nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("seen", DateTime(timezone=True), nullable=False),
)

DATASETS = Table(
    "regraft_datasets",
    METADATA,
    Column("domain", String(200), primary_key=True),
    Column("stages", Text, nullable=False),
    Column("process", String(300), nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
)
