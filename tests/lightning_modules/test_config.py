"""What names a fit, and how an interrupted one is found again."""

import hashlib
import json

import pytest

from data.targets.classification import ClassificationTask
from lightning_modules.config import TrainingConfig, fit_key, interrupted_run, load_fit_config, without_refit
from settings.errors import ConfigError

AB = {"kind": ClassificationTask(classes=("a", "b"))}
PROBE = {"backbone": "b", "recipe": {"kind": "linear_probe"}, "seed": 0}


def training(**changes) -> TrainingConfig:
    """A training section with changes."""
    return TrainingConfig.model_validate_json(json.dumps({**PROBE, **changes}))


def test_fit_key__changes_with_what_decides_the_result():
    """Data, weights, recipe and seed each make another fit; the same ones make the same."""
    keys = [
        fit_key("data", "weights", training(), AB),
        fit_key("data2", "weights", training(), AB),
        fit_key("data", "weights2", training(), AB),
        fit_key("data", "weights", training(), {"kind": ClassificationTask(classes=("b", "a"))}),
        fit_key("data", "weights", training(seed=1), AB),
        fit_key("data", "weights", training(recipe={"kind": "full"}), AB),
        fit_key("data", "weights", training(recipe={"kind": "linear_probe", "epochs": 59}), AB),
        fit_key("data", "weights", training(pretrained=False), AB),
        fit_key("data", "weights", training(augmentation={"horizontal_flip": True}), AB),
    ]
    assert len(set(keys)) == len(keys)
    assert fit_key("data", "weights", training(), AB) == keys[0]


def test_without_refit__of_recipes_that_have_one():
    """The head stays as validation chose it; a recipe without that option stays as it is."""
    probe, full = training(), training(recipe={"kind": "full"})
    assert probe.recipe.refit > 0
    assert without_refit(probe) == training(recipe={"kind": "linear_probe", "refit": 0})
    assert without_refit(full) == full


def test_fit_key__of_an_earlier_release():
    """A fit of one classification is called as it always was, so that what was trained alike is found again."""
    text = "|".join(["data", "weights", training().model_dump_json(), "a", "b"])
    assert fit_key("data", "weights", training(), AB) == hashlib.sha256(text.encode()).hexdigest()[:16]
    two = {**AB, "more": ClassificationTask(classes=("a", "b"))}
    assert fit_key("data", "weights", training(), two) != fit_key("data", "weights", training(), AB)


@pytest.mark.parametrize(
    ("recipe", "fault"),
    [
        ({"kind": "linear_prob"}, "linear_prob"),
        ({"kind": "full", "batch_size": 1}, "batch_size"),
        ({"kind": "full", "epochs": "8"}, "epochs"),
        ({"kind": "linear_probe", "lerning_rate": 1}, "lerning_rate"),
        ("parital", "parital"),
        ({"epochs": 8}, "kind"),
        ({"kind": "full", "learning_rate": "guess"}, "learning_rate"),
        ({"kind": "full", "warmup": 1.0}, "warmup"),
        ({"kind": "prototype", "epochs": 3}, "epochs"),
        ({"kind": "partial", "refit": 100}, "refit"),
        ({"kind": "linear_probe", "refit": True}, "refit"),
    ],
)
def test_load_fit_config__wrong(tmp_path, recipe, fault):
    """A wrong recipe is one line that names the key."""
    (tmp_path / "fit.json").write_text(json.dumps({"training": {**PROBE, "recipe": recipe}}))
    with pytest.raises(ConfigError, match=fault) as found:
        load_fit_config(tmp_path / "fit.json")
    assert "\n" not in str(found.value)


def test_interrupted_run__found_by_its_folder(tracked, fit_config, make_dataset):
    """A folder with a begun fit gives its run; an empty one gives none."""
    config = fit_config(tracked, make_dataset(tracked / "processed"), tracked / "fit")
    assert interrupted_run(config.folder) is None
    config.folder.mkdir()
    (config.folder / "fit.json").write_text(config.model_dump_json())
    assert interrupted_run(config.folder) == config.run_id


def test_interrupted_run__of_another_version(tmp_path):
    """A fit that this version cannot read is begun anew."""
    (tmp_path / "fit.json").write_text(json.dumps({"training": PROBE, "run_id": "r"}))
    assert interrupted_run(tmp_path) is None


def test_fit_config__trainer_by_default(tracked, fit_config, make_dataset):
    """A fit is on one device unless the machine's settings say more, and comes back from its file as it was."""
    config = fit_config(tracked, make_dataset(tracked / "processed", count=5, side=8), tracked / "fit")
    assert config.trainer.processes == 1
    (tracked / "fit.json").write_text(config.model_dump_json())
    assert load_fit_config(tracked / "fit.json") == config
