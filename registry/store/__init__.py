"""The only place that knows MLflow: runs, registered models, and the aliases that follow the ledger."""
