"""The databases of the ledger: how they are opened and locked, their tables, and how earlier ones become today's."""
