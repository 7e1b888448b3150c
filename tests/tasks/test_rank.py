"""A ranking leaves table, figure and lineage in one run, and nothing of the test split."""

import json

import pytest

from data.config import DataConfig
from lightning_modules.config import TrainingConfig
from lightning_modules.errors import BackboneError
from registry.store.tracking import mlflow_client, read_text, settled
from settings.errors import ConfigError
from tasks.prepare import Prepared
from tasks.rank import Plan, open_ranking_run, plan_ranking, report_ranking, score

SHIPPED = "tf_efficientnet_lite0.imagenet"
DATA = {"source": {"kind": "digits"}, "tasks": {"label": {"classes": ["dark", "light"]}}}
TRAINING = {"backbone": SHIPPED, "recipe": {"kind": "linear_probe"}, "seed": 3}


@pytest.fixture
def given(own_workshop, prefect_api):
    """Root, data, training and dataset version of the workshop."""
    data = DataConfig.model_validate_json(json.dumps(DATA))
    training = TrainingConfig.model_validate_json(json.dumps(TRAINING))
    return own_workshop.root, data, training, Prepared(own_workshop.dataset.folder, "d" * 32 + ".dir")


def test_report_ranking__whole_way(given):
    """Two sizes of one backbone: sixteen scores, best first, in MLflow with what they were made from."""
    root, data, training, prepared = given
    plan = plan_ranking.fn(root, "photos", training, prepared, (), (64, 32), 30)
    assert (plan.backbones, plan.sizes, plan.seed) == ((SHIPPED,), (64, 32), 3)
    with settled(open_ranking_run.fn(root, "photos", training, prepared, plan)) as run_id:
        scored = [score(root, "photos", data, prepared, plan, SHIPPED, size) for size in plan.sizes]
        found = report_ranking("photos", data, prepared, plan, scored, run_id)
    assert (found.samples, found.available, found.baseline) == (30, 32, 0.5)
    assert [one.knn.value for one in found.scores] == sorted((one.knn.value for one in found.scores), reverse=True)
    assert {one.size for one in found.scores} == {32, 64}
    assert sum(one.leep is not None for one in found.scores) == 2
    assert set(found.left_out) == {"tf_efficientnet_lite0.in1k"}
    run = mlflow_client().get_run(run_id)
    assert (run.info.run_name, run.data.tags["dataset_version"]) == ("rank", prepared.version)
    assert run.data.metrics["best_knn"] == found.scores[0].knn.value
    table = json.loads(read_text(run_id, "ranking.json"))
    assert len(table["data"]) == 16
    assert [one.path for one in mlflow_client().list_artifacts(run_id, "figures")] == ["figures/ranking.png"]


def test_plan_ranking__size_that_is_not_stored(given):
    """Larger pixels than those that were stored cannot be made."""
    root, _, training, prepared = given
    with pytest.raises(ConfigError, match="size 96 is not between 8 and 64"):
        plan_ranking.fn(root, "photos", training, prepared, (), (96,), 30)


def test_score__backbone_that_does_not_take_the_size(given, own_workshop):
    """It is passed over with its reason; where nothing is left, the reasons are the error."""
    import timm
    from safetensors.torch import save_file

    root, data, _, prepared = given
    name = "vit_tiny_patch16_224"
    save_file(timm.create_model(name, pretrained=False).state_dict(), root / "vit.safetensors")
    inputs = {"size": 224, "crop": 1.0, "interpolation": "bicubic", "mean": [0.5] * 3, "std": [0.5] * 3}
    source = {"kind": "file", "file": "vit.safetensors"}
    card = {"architecture": name, "source": source, "revision": "1", "licence": "MIT", "input": inputs}
    (root / "backbones.yaml").write_text(json.dumps({"vit": card}))
    plan = Plan(("vit",), (40,), 30, 0, {})
    scored = score(root, "photos", data, prepared, plan, "vit", 40)
    assert scored.scores == ()
    assert "patches of 16 pixels" in scored.left_out
    with pytest.raises(BackboneError, match="no backbone can be ranked: .*patches of 16 pixels"):
        report_ranking("photos", data, prepared, plan, [scored], "r")
