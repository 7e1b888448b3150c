"""A ranking leaves table, figure and lineage in one run, and nothing of the test split."""

import json

import pytest

from lightning_modules.errors import BackboneError
from lightning_modules.hub.backbones import load_pretrained
from registry.store.client import mlflow_client
from registry.store.tracking import read_text, settled
from settings.errors import ConfigError
from tasks.making.rank import Entrant, Field, Outcome, Wish, open_ranking_run, plan_ranking, report_ranking, score

SHIPPED = "tf_efficientnet_lite0.imagenet"
pytestmark = pytest.mark.usefixtures("prefect_api")


def test_report_ranking__whole_way(plan):
    """Two sizes of one backbone: sixteen scores, best first, in MLflow with what they were made from."""
    field = plan_ranking.fn(plan, Wish((), (64, 32), 30))
    assert ([one.name for one in field.backbones], field.sizes) == ([SHIPPED], (64, 32))
    with settled(open_ranking_run.fn(plan, field)) as run_id:
        scored = tuple(score(plan, Entrant(field.backbones[0], size, field.samples)) for size in field.sizes)
        found = report_ranking(plan, Outcome(field, scored, run_id))
    assert (found.samples, found.available, found.baseline) == (30, 32, 0.5)
    assert [one.knn.value for one in found.scores] == sorted((one.knn.value for one in found.scores), reverse=True)
    assert {one.size for one in found.scores} == {32, 64}
    assert sum(one.leep is not None for one in found.scores) == 2
    assert set(found.left_out) == {"tf_efficientnet_lite0.in1k"}
    run = mlflow_client().get_run(run_id)
    assert (run.info.run_name, run.data.tags["dataset_version"]) == ("rank", plan.prepared.version)
    assert (run.data.params["backbones"], run.data.params["seed"]) == (SHIPPED, "3")
    assert run.data.metrics["best_knn"] == found.scores[0].knn.value
    table = json.loads(read_text(run_id, "ranking.json"))
    assert len(table["data"]) == 16
    assert [one.path for one in mlflow_client().list_artifacts(run_id, "figures")] == ["figures/ranking.png"]


def test_plan_ranking__size_that_is_not_stored(plan):
    """Up to what the backbone knows sizes may be asked for, and by default it is among them."""
    assert plan_ranking.fn(plan, Wish((), (), 30)).sizes == (224, 144, 64, 48, 32)
    with pytest.raises(ConfigError, match="size 256 is not between 8 and 224"):
        plan_ranking.fn(plan, Wish((), (256,), 30))


def test_score__backbone_that_does_not_take_the_size(plan):
    """It is passed over with its reason; where nothing is left, the reasons are the error."""
    import timm
    from safetensors.torch import save_file

    root = plan.domain.root
    name = "vit_tiny_patch16_224"
    save_file(timm.create_model(name, pretrained=False).state_dict(), root / "vit.safetensors")
    inputs = {"size": 224, "crop": 1.0, "interpolation": "bicubic", "mean": [0.5] * 3, "std": [0.5] * 3}
    source = {"kind": "file", "file": "vit.safetensors"}
    card = {"architecture": name, "source": source, "revision": "1", "licence": "MIT", "input": inputs}
    (root / "backbones.yaml").write_text(json.dumps({"vit": card}))
    vit = load_pretrained(root, "vit")
    scored = score(plan, Entrant(vit, 40, 30))
    assert (scored.candidate, scored.scores) == ("vit at 40 px", ())
    assert "patches of 16 pixels" in scored.left_out
    with pytest.raises(BackboneError, match="no backbone can be ranked: .*patches of 16 pixels"):
        report_ranking(plan, Outcome(Field((vit,), (40,), 30, {}), (scored,), "r"))
