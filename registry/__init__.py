"""The MLflow store, the model package, the gate and the promotion ledger."""
