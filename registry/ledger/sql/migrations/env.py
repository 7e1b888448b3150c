"""What Alembic runs before the migrations: it takes the connection whose transaction and locks its caller holds."""

from alembic import context

from registry.ledger.sql.schema import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
