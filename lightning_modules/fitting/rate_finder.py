"""The learning-rate range test (arXiv 1506.01186), by Lightning's tuner on a copy of the module."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytorch_lightning as pl
from pytorch_lightning.tuner.tuning import Tuner

from data.stores.atomic import scratch_folder, write_text
from lightning_modules.config import FitConfig
from lightning_modules.errors import RecipeError
from lightning_modules.fitting.trainer import device_options
from lightning_modules.inputs.datamodule import PhaseData
from lightning_modules.learning.learner import Learner

LOWEST, HIGHEST, STEPS = 1e-6, 0.1, 60


def find_rate(config: FitConfig, path: Path, copy: Callable[[], Learner], data: PhaseData) -> float:
    """The rate of the head at which the loss fell fastest; kept in `path`, so that a resumed run uses the same.

    Stages learn at their share of it, as they will in training.

    Raises:
        RecipeError: several processes train, or the loss fell at no rate.
    """
    if path.exists():
        return float(json.loads(path.read_text(encoding="utf-8")))
    if config.trainer.processes > 1:
        raise RecipeError("recipe.learning_rate `find` works on one device; find it there and name the number")
    with scratch_folder(path.parent, "rate") as scratch:
        trainer = pl.Trainer(default_root_dir=str(scratch), logger=False, **device_options(config.trainer))
        found = Tuner(trainer).lr_find(
            _swept(copy()), datamodule=data, min_lr=LOWEST, max_lr=HIGHEST, num_training=STEPS, update_attr=False
        )
    rate = found.suggestion() if found else None
    if rate is None:
        raise RecipeError("recipe.learning_rate `find`: the loss fell at no rate; name a number, such as 0.0003")
    write_text(path, json.dumps(rate))
    return float(rate)


def _swept(module: Learner) -> Learner:
    module.optimization = replace(module.optimization, swept=True)
    return module
