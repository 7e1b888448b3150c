"""Addresses in MLflow's database follow a project to another place."""

from pathlib import Path

from registry.ledger.sql.copies import run_sql
from registry.store.client import mlflow_client
from registry.store.moved import move_addresses
from settings.machine import load_settings


def test_move_addresses__only_what_lies_below(tracked):
    """File URIs and bare paths at or below the old place move; a folder whose name begins alike, and buckets, stay."""
    client, old, new = mlflow_client(), Path("/old/a_b c"), Path("/new")
    places = {
        "inside": (old.as_uri() + "/x", "file:///new/x"),
        "same": (str(old), "/new"),
        "alike": ("file:///old/a_b%20cd/x", "file:///old/a_b%20cd/x"),
        "wildcard": ("/old/aXb c/x", "/old/aXb c/x"),
        "bucket": ("s3://bucket/x", "s3://bucket/x"),
    }
    made = {name: client.create_experiment(name) for name in places}
    url = load_settings().tracking_uri
    for name, (before, _) in places.items():
        run_sql(url, {"update experiments set artifact_location = :a where name = :n": {"a": before, "n": name}})
    move_addresses(url, old, new)
    found = {name: client.get_experiment(number).artifact_location for name, number in made.items()}
    assert found == {name: after for name, (_, after) in places.items()}
