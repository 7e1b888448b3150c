"""Recipes are lists of phases, and say how BatchNorm behaves."""

import json
from typing import get_args

import pytest

from lightning_modules.config import TrainingConfig, load_fit_config
from lightning_modules.errors import RecipeError
from lightning_modules.recipes import Recipe
from settings.errors import ConfigError

STAGES = 5
# What learns after the head: first stage, stage after the last one, kind of parameter.
MAIN = {
    "linear_probe": [],
    "lp_ft": [(0, 5, "weights")],
    "full": [(0, 5, "weights")],
    "gradual_unfreezing": [(first, 5, "weights") for first in (4, 3, 2, 1, 0)],
    "partial": [(3, 5, "weights")],
    "surgical": [(0, 2, "weights")],
    "norm_only": [(0, 5, "norms")],
    "bitfit": [(0, 5, "biases")],
    "lora": [(0, 5, "adapters")],
    "prototype": [],
}


def recipe(kind, **options):
    """A recipe as a domain's YAML names it."""
    content = {"backbone": "b", "recipe": {"kind": kind, **options}}
    return TrainingConfig.model_validate_json(json.dumps(content)).recipe


def test_recipe__all_ten():
    """The union holds the ten recipes that are tested here, each under its own name."""
    kinds = [get_args(member.model_fields["kind"].annotation) for member in get_args(Recipe)]
    assert sorted(kinds) == sorted((name,) for name in MAIN)


@pytest.mark.parametrize("kind", MAIN)
def test_phases__of_each_recipe(kind):
    """The head learns first, alone, except in `full`; then what the recipe is named for."""
    phases = recipe(kind).phases(STAGES)
    probed = kind not in {"full", "prototype"}
    assert [phase.head_alone for phase in phases] == [True] * probed + [False] * len(MAIN[kind])
    assert [(phase.first, phase.last, phase.learns) for phase in phases[probed:]] == MAIN[kind]
    assert len({phase.name for phase in phases}) == len(phases)


@pytest.mark.parametrize("kind", [kind for kind in MAIN if kind != "prototype"])
def test_phases__epochs_and_rates(kind):
    """The main phase takes the recipe's own epochs and rate, the probe those of the probe."""
    probe = {} if kind in {"full", "linear_probe"} else {"probe_epochs": 7, "probe_learning_rate": 0.5}
    phases = recipe(kind, epochs=3, learning_rate="find", **probe).phases(STAGES)
    assert (phases[-1].epochs, phases[-1].learning_rate) == (3, "find")
    assert not probe or (phases[0].epochs, phases[0].learning_rate) == (7, 0.5)


def test_phases__bigger_steps():
    """Gradual unfreezing by two stages ends at the image, with the epochs for all stages only there."""
    phases = recipe("gradual_unfreezing", step=2, epochs_per_phase=3, epochs=9).phases(STAGES)[1:]
    assert [(phase.first, phase.epochs) for phase in phases] == [(3, 3), (1, 3), (0, 9)]
    assert [phase.first for phase in recipe("gradual_unfreezing", step=9).phases(STAGES)[1:]] == [0]


@pytest.mark.parametrize("kind", ["partial", "surgical"])
def test_phases__stages_that_are_not_there(kind):
    """More stages than the backbone has are one line; as many as it has are all of it."""
    wanted = rf"^recipe {kind}: stages is 6, the backbone has {STAGES}; choose 1 to {STAGES}$"
    with pytest.raises(RecipeError, match=wanted):
        recipe(kind, stages=6).phases(STAGES)
    phase = recipe(kind, stages=5).phases(STAGES)[1]
    assert (phase.first, phase.last) == (0, 5)


@pytest.mark.parametrize(("kind", "stages"), [("partial", 0), ("surgical", -1), ("gradual_unfreezing", 2)])
def test_recipe__impossible_option(tmp_path, kind, stages):
    """No stages, or stages for a recipe that has no such option, are one line before anything is trained."""
    training = {"backbone": "b", "recipe": {"kind": kind, "stages": stages}}
    (tmp_path / "fit.json").write_text(json.dumps({"training": training}))
    with pytest.raises(ConfigError, match="stages") as found:
        load_fit_config(tmp_path / "fit.json")
    assert "\n" not in str(found.value)


def test_batch_norm__of_each_recipe():
    """Where a probe was fitted first, statistics are kept, except by `norm_only`; `full` follows the batches."""
    found = {kind: getattr(recipe(kind), "batch_norm", None) for kind in MAIN}
    follow, none = {"full", "norm_only"}, {"linear_probe", "prototype"}
    assert {kind for kind, mode in found.items() if mode == "train"} == follow
    assert {kind for kind, mode in found.items() if mode == "frozen"} == set(MAIN) - follow - none
    assert recipe("full", batch_norm="frozen").batch_norm == "frozen"


def test_recipe__by_its_name_alone():
    """`recipe: partial` is the recipe with its defaults."""
    named = TrainingConfig.model_validate({"backbone": "b", "recipe": "partial"})
    assert named.recipe == recipe("partial")
