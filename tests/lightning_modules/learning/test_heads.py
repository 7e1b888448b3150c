"""Heads trained without a trainer end where a trainer would have brought them."""

import json

import numpy as np
import pytest
import torch

from lightning_modules.errors import TrainingError
from lightning_modules.fitting.context import FitContext
from lightning_modules.fitting.fit import fit
from lightning_modules.fitting.phases import PhaseResult, phase_module, phase_weights
from lightning_modules.fitting.refit import features_in_memory, length
from lightning_modules.learning.heads import fit_heads

EVERYTHING = {"ema": 0.6, "mixup": 0.4, "dropout": 0.2, "accumulate": 3, "clip": 0.01, "balance": "sampler"}


def trained(config, kept):
    """The network's state after as many updates as the kept epoch took, without a trainer."""
    context = FitContext(config)
    network, (phase,) = context.network, config.training.recipe.phases(context.stages)
    labelled = context.labelled("train")
    context.objectives["label"].prepare_head(network.head("label"), labelled["label"], None)
    data = features_in_memory(context.dataset, labelled["label"].features)
    batches = context.data(phase, cached=True)[0].batches
    module = phase_module(context, phase, context.stages, kept.learning_rate, network)
    fit_heads(module, data, batches, config.training.recipe, length(context, phase, kept))
    return network.state_dict()


@pytest.mark.parametrize("recipe", [{}, EVERYTHING])
def test_fit_heads__as_lightning_does(small, recipe):
    """The best epoch's weights are the same to the bit, whatever the recipe asks for."""
    config = small("fit", "linear_probe", epochs=3, learning_rate=0.01, **recipe)
    folder = fit(config).parent
    kept = PhaseResult(**json.loads((folder / "phase-0" / "result.json").read_text()))
    found, wanted = trained(config, kept), phase_weights(config, 0)
    assert all(torch.equal(found[name], value) for name, value in wanted.items() if name.startswith("heads."))
    assert float(np.abs(wanted["heads.task_label.linear.weight"]).max()) > 0


def test_fit_heads__length_of_the_schedule(small):
    """One epoch of three is another thing than one of one: the rate is still on its way."""
    config = small("fit", "linear_probe", epochs=3)
    short = config.training.recipe.model_copy(update={"epochs": 1})
    other = config.model_copy(update={"training": config.training.model_copy(update={"recipe": short})})
    kept = PhaseResult(0.5, 3, 8, 0.01, best_epoch=1)
    ours, theirs = (trained(one, kept)["heads.task_label.linear.weight"] for one in (config, other))
    assert not torch.equal(ours, theirs)


def test_fit_heads__not_finite(small):
    """A head that ran away is refused in one line."""
    with pytest.raises(TrainingError, match="the refitted head is not finite; lower recipe.learning_rate or set"):
        trained(small("fit", "linear_probe", epochs=3), PhaseResult(0.5, 3, 8, float("inf"), best_epoch=3))
