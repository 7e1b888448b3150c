"""Refit: heads over a frozen backbone fitted anew on training and validation samples, once validation has chosen.

They learn for as many updates as the weights that were kept had, with the same seed, rate and schedule: early stopping
tells how long to train, then all data are trained on (Goodfellow, Bengio and Courville 2016, "Deep Learning", algorithm
7.2). Updates and not passes: a head grows surer with every update, and the heads of the folds, which see less in each
pass, are to be as sure as the one that ships.

No sample is left that they have not learned from. What is said of samples therefore comes from cross-fitting: each fold
is answered by heads that were fitted in the same way on the other folds, and on no sample of the same group. The
temperature and the drift reference rest on that, as in scikit-learn's CalibratedClassifierCV with `ensemble=False`.
"""

import copy
import logging
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from data.stores.dataset import Dataset
from lightning_modules.errors import RecipeError
from lightning_modules.fitting.context import FitContext
from lightning_modules.fitting.phases import PhaseResult, phase_module
from lightning_modules.inputs.datamodule import SplitData
from lightning_modules.insight.transferability import Fold, grouped_folds
from lightning_modules.learning.heads import Length, fit_heads
from lightning_modules.network.network import Network
from lightning_modules.objectives.objective import Labelled
from lightning_modules.recipes.base import HeadRecipe
from lightning_modules.recipes.head import FrozenRecipe
from lightning_modules.recipes.phase import Phase

log = logging.getLogger(__name__)
FOLDS = 5
Answers = dict[str, Tensor]
Known = dict[str, Labelled]  # by task, of training and validation samples in the manifest's order


def refit(context: FitContext, kept: PhaseResult) -> Answers | None:
    """Fits the network's heads anew; what is said of training and validation samples by heads that had not seen them.

    None: the recipe does not refit so many samples, or a class would be missing from a fold's training part.
    """
    if not _wanted(context, kept):
        return None
    parts = _folds(context)
    if not parts:
        log.warning("no refit: a class of the training and validation samples has too few groups for cross-fitting")
        return None
    known = context.labelled("train", "val")
    said = [_answers(context, known, fold, kept) for fold in parts]
    order = torch.from_numpy(np.concatenate([held for _, held in parts]).argsort())
    whole = _fitted(context, known, np.arange(len(order)), kept)
    context.network.heads.load_state_dict(whole.heads.state_dict())
    return {name: torch.cat([answers[name] for answers in said])[order] for name in context.objectives}


def _wanted(context: FitContext, kept: PhaseResult) -> bool:
    """Not after a mean of several epochs, which has no length to repeat, nor without pretrained weights to cache."""
    training = context.config.training
    if not isinstance(training.recipe, FrozenRecipe) or not training.pretrained or not kept.best_epoch:
        return False
    return len(context.dataset.rows("train", "val")) <= training.recipe.refit


def _folds(context: FitContext) -> list[Fold]:
    """Positions to learn from and positions held out; none where no folds have every class to learn from."""
    dataset = context.dataset
    rows = dataset.rows("train", "val")
    strata = dataset.strata(rows)
    fewest = int(rows["group"].groupby(strata).nunique().min())
    if fewest < 2:  # one to learn from, one to answer for
        return []
    codes, groups = strata.factorize()[0].astype(np.int64), rows["group"].astype(str).to_numpy(str)
    parts = grouped_folds(codes, groups, folds=min(FOLDS, fewest), seed=context.config.training.seed)
    return parts if all(_learnable(context, rows.iloc[learned]) for learned, _ in parts) else []


def _learnable(context: FitContext, rows: pd.DataFrame) -> bool:
    try:
        for name, found in context.dataset.targets(rows).items():
            context.objectives[name].check(torch.from_numpy(found))
    except RecipeError:
        return False
    return True


def _answers(context: FitContext, known: Known, fold: Fold, kept: PhaseResult) -> Answers:
    """What heads that learned from the one part of a fold say of the other."""
    learned, held = fold
    network, features = _fitted(context, known, learned, kept).eval(), next(iter(known.values())).features
    with torch.no_grad():
        return network.answers(features[torch.from_numpy(held)])


def _fitted(context: FitContext, known: Known, learned: npt.NDArray[np.int64], kept: PhaseResult) -> Network:
    """The network with heads that have learned from those samples alone."""
    places, marked = torch.from_numpy(learned), np.isin(np.arange(len(next(iter(known.values())).targets)), learned)
    part = replace(context, resplit=context.dataset.resplit(marked))
    recipe, network = context.config.training.recipe, copy.deepcopy(context.network)
    train = {name: labelled.at(places) for name, labelled in known.items()}
    for name, objective in context.objectives.items():
        network.head(name).clear()
        objective.prepare_head(network.head(name), train[name], None)
    for phase in recipe.phases(context.stages):
        module = phase_module(part, phase, context.stages, kept.learning_rate, network)
        data = features_in_memory(part.dataset, next(iter(train.values())).features)
        batches = part.data(phase, cached=True)[0].batches
        fit_heads(module, data, batches, cast(HeadRecipe, recipe), length(context, phase, kept))
    return network


def length(context: FitContext, phase: Phase, kept: PhaseResult) -> Length:
    """As many updates as the kept epoch had behind it, of as many as the phase had before it."""
    batches = len(context.data(phase, cached=True)[0].batches)
    epoch = -(-batches // cast(HeadRecipe, context.config.training.recipe).accumulate)
    return Length(kept.best_epoch * epoch, phase.epochs * epoch)


def features_in_memory(dataset: Dataset, features: Tensor) -> SplitData:
    """The training split with its features [N, D] in memory."""
    return SplitData(dataset, dataset.rows("train"), _Features(features))


@dataclass(frozen=True)
class _Features:
    """Features [N, D], the same in every epoch."""

    features: Tensor

    def read(self, positions: list[int], epoch: int) -> Tensor:
        """Those at the positions."""
        return self.features[positions]
