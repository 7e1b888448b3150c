"""An audit leaves page, table and counts in one run, and a link in the Prefect UI."""

import json

import pandas as pd
import pytest

from data.config import DataConfig
from data.stores.manifest import validated_folder, write_table
from lightning_modules.config import TrainingConfig
from registry.store.tracking import mlflow_client, settled
from tasks.audit import audit, open_audit_run
from tasks.prepare import Prepared

DATA = {"source": {"kind": "digits"}, "tasks": {"label": {"classes": ["dark", "light"]}}}
TRAINING = {"backbone": "tf_efficientnet_lite0.imagenet", "recipe": {"kind": "linear_probe"}}


@pytest.mark.usefixtures("prefect_api")
def test_audit__whole_way(own_workshop):
    """Cached features are judged; files, counts and lineage are kept."""
    root, rows = own_workshop.root, own_workshop.dataset.manifest
    accepted = pd.DataFrame({"hash": rows["hash"], "path": [f"{n}.png" for n in range(len(rows))], "source": "source"})
    write_table(validated_folder(root, "photos") / "accepted.parquet", accepted)
    data = DataConfig.model_validate_json(json.dumps(DATA))
    training = TrainingConfig.model_validate_json(json.dumps(TRAINING))
    prepared = Prepared(own_workshop.dataset.folder, "d" * 32 + ".dir")
    with settled(open_audit_run.fn(root, "photos", training, prepared)) as run_id:
        found = audit(root, "photos", data, training, prepared, run_id)
    assert (found.samples, found.left_out) == (80, {})
    assert found.counts["near-duplicates across splits"] == 0
    assert found.counts["poisoning screen"] >= 20
    assert len(pd.read_csv(found.table)) == sum(found.counts.values())
    run = mlflow_client().get_run(run_id)
    assert (run.data.tags["audit"], run.data.tags["dataset_version"]) == ("true", prepared.version)
    assert run.data.metrics["audit_poisoning_screen"] == found.counts["poisoning screen"]
    assert {one.path for one in mlflow_client().list_artifacts(run_id)} == {"audit.html", "audit.csv"}
