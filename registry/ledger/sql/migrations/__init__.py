"""What each release changed in the ledger's tables, one Alembic migration a file."""
