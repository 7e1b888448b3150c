"""What is in production and why: packages, gate, ledger, cards, and their store in MLflow."""
