"""Removing a domain's model and experiment from MLflow, so that a new one of that name begins anew."""

from datetime import UTC, datetime

from registry.store.client import mlflow_client, registry_errors


def retire(domain: str) -> None:
    """Deletes the registered model, and renames and deletes the experiment; called again it goes on.

    MLflow keeps a deleted experiment with its runs until `mlflow gc`; a name of its own frees the domain's.

    Raises:
        RegistryError: MLflow is down.
    """
    with registry_errors(f"remove {domain!r}"):
        client = mlflow_client()
        if client.search_registered_models(f"name = '{domain}'"):
            client.delete_registered_model(domain)
        found, retired = client.get_experiment_by_name(domain), f"{domain}, removed "
        if found is not None and found.lifecycle_stage == "deleted":
            client.restore_experiment(found.experiment_id)  # none that is deleted can be renamed
        if found is not None:
            client.rename_experiment(found.experiment_id, retired + datetime.now(UTC).isoformat(timespec="seconds"))
        for one in client.search_experiments(filter_string=f"name LIKE '{retired}%'"):
            client.delete_experiment(one.experiment_id)


def in_store(domain: str) -> bool:
    """Whether MLflow holds a model or an experiment of that name.

    Raises:
        RegistryError: MLflow is down.
    """
    with registry_errors(f"look for {domain!r}"):
        client = mlflow_client()
        models = client.search_registered_models(f"name = '{domain}'")
        return bool(models) or client.get_experiment_by_name(domain) is not None
