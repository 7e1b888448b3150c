"""What a fit works on: where the inputs of a phase come from, and what the weights of classes and samples are."""

import numpy as np
import pytest
import torch

from lightning_modules.fitting.context import FitContext
from lightning_modules.inputs.augmentation import AugmentationConfig

FLIPS = {"augmentation": AugmentationConfig(horizontal_flip=True)}


@pytest.fixture
def make(small):
    """Makes the context of a fit."""
    return lambda kind, **options: FitContext(small("fit", kind, **options))


def caching(context, phase) -> bool:
    """Whether the phase is cached."""
    with context.caching(phase) as cached:
        return cached


def test_caching__what_is_frozen(make):
    """What a phase leaves frozen is read from the cache, unless that is nothing or is not wanted."""
    for kind, options, wanted in [
        ("partial", {}, [True, True]),
        ("partial", {"views": 0}, [True, False]),
        ("lp_ft", {}, [True, False]),
        ("surgical", {}, [True, False]),
        ("gradual_unfreezing", {"step": 4}, [True, True, False]),
        ("partial", {"training": {"pretrained": False}}, [False, False]),
    ]:
        context = make(kind, **options)
        phases = context.config.training.recipe.phases(context.stages)
        assert [caching(context, phase) for phase in phases] == wanted, kind


def test_data__inputs_at_the_boundary(make):
    """Cached batches are activations at the phase's own boundary, others are images."""
    context = make("partial")
    head, last = context.config.training.recipe.phases(context.stages)
    shapes = []
    for phase, cached in [(head, True), (last, True), (last, False)]:
        data, boundary = context.data(phase, cached=cached)
        data.prepare_data()
        data.setup("fit")
        shapes.append((boundary, tuple(next(iter(data.train_dataloader()))["inputs"].shape[1:])))
    assert shapes == [(8, (1280,)), (6, (112, 2, 2)), (0, (32, 32, 1))]


def test_data__views(make):
    """The head alone and validation see plain images; learning stages see views, a few cached or ever new ones."""
    for kind, wanted in [("partial", [1, 3]), ("full", [0]), ("lp_ft", [1, 0])]:
        context = make(kind, training=FLIPS, **({"views": 3} if kind == "partial" else {}))
        phases = context.config.training.recipe.phases(context.stages)
        assert [context.data(phase, cached=False)[0].views.count for phase in phases] == wanted


def test_class_weights__every_class_counts_the_same(make, nursery):
    """A class's weight times the mass of its samples is the same for all, and a sample's mean weight is one."""
    context = make("linear_probe")
    rows = nursery.dataset.rows("train")
    labels, weights = nursery.dataset.labels(rows), rows["weight"].to_numpy()
    found = context._balance["label"].numpy()
    mass = np.array([weights[labels == label].sum() for label in (0, 1)])
    assert np.allclose(found * mass, mass.sum() / 2)
    assert np.average(found[labels], weights=weights) == pytest.approx(1)


def test_data__sampler_draws_rare_classes_as_often(make, nursery):
    """With the balanced sampler a sample's chance is its class's weight."""
    context = make("linear_probe", balance="sampler")
    (phase,) = context.config.training.recipe.phases(context.stages)
    data, _ = context.data(phase, cached=True)
    labels = nursery.dataset.labels(nursery.dataset.rows("train"))
    assert torch.equal(data.batches.chances, context._balance["label"][labels])


def test_network__from_scratch(make):
    """From scratch the backbone's weights are the seed's, not the hub's."""
    pretrained, scratch, again, other = (
        make("full", training=training).network.state_dict()["backbone.conv_stem.weight"]
        for training in ({}, {"pretrained": False}, {"pretrained": False}, {"pretrained": False, "seed": 1})
    )
    assert torch.equal(scratch, again)
    assert not torch.equal(scratch, pretrained)
    assert not torch.equal(scratch, other)


def test_penalties__weights_before_training(make):
    """The anchor of L2-SP stays where training began."""
    context = make("full", l2_sp=0.1)
    before = context._start["conv_stem.weight"].clone()
    with torch.no_grad():
        context.network.backbone.conv_stem.weight += 1
    assert torch.equal(context._start["conv_stem.weight"], before)
