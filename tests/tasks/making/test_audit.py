"""An audit leaves page, table and counts in one run, and a link in the Prefect UI."""

import pandas as pd
import pytest

from data.stores.manifest import validated_folder, write_table
from registry.store.client import mlflow_client
from registry.store.tracking import settled
from tasks.making.audit import audit, open_audit_run


@pytest.mark.usefixtures("prefect_api")
def test_audit__whole_way(plan):
    """Cached features are judged; files, counts and lineage are kept."""
    rows = plan.dataset.manifest
    accepted = pd.DataFrame({"hash": rows["hash"], "path": [f"{n}.png" for n in range(len(rows))], "source": "source"})
    write_table(validated_folder(plan.domain.root, "photos") / "accepted.parquet", accepted)
    with settled(open_audit_run.fn(plan)) as run_id:
        found = audit(plan, run_id)
    assert (found.samples, found.left_out) == (80, {})
    assert found.counts["near-duplicates across splits"] == 0
    assert found.counts["poisoning screen"] >= 20
    assert len(pd.read_csv(found.table)) == sum(found.counts.values())
    run = mlflow_client().get_run(run_id)
    assert (run.data.tags["audit"], run.data.tags["dataset_version"]) == ("true", plan.prepared.version)
    assert run.data.metrics["audit_poisoning_screen"] == found.counts["poisoning screen"]
    assert {one.path for one in mlflow_client().list_artifacts(run_id)} == {"audit.html", "audit.csv"}
