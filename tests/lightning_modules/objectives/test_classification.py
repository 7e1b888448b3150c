"""Heads set from features: class means, standardisation, and classes that have no sample."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from data.targets.classification import ClassificationTask
from lightning_modules.errors import RecipeError
from lightning_modules.fitting.fit import fit
from lightning_modules.objectives.classification import ClassificationObjective
from lightning_modules.objectives.heads import CosineHead, Head
from lightning_modules.objectives.objective import Labelled
from lightning_modules.objectives.prototypes import SCALES

OBJECTIVE = ClassificationObjective(ClassificationTask(classes=("a", "b", "c")))
LABELS = torch.tensor([0, 0, 1, 2, 2])
WEIGHTS = torch.tensor([1.0, 3.0, 1.0, 0.5, 0.5])


def loss(head, held):
    """The weighted mean of the plain losses."""
    losses = OBJECTIVE.losses(head(held.features), held.targets)
    return float((losses * held.weights).sum() / held.weights.sum())


@pytest.fixture
def train():
    """Features, labels and weights of five samples."""
    return Labelled(torch.randn(5, 4, generator=torch.Generator().manual_seed(0)), LABELS, WEIGHTS)


def test_prepare_head__class_means(train):
    """A prototype is the weighted mean of the normalised features of its class, normalised."""
    head = CosineHead(4, 3)
    OBJECTIVE.prepare_head(head, train, train)
    units = train[0] / train[0].norm(dim=1, keepdim=True)
    means = torch.stack([(units[0] + 3 * units[1]) / 4, units[2], (units[3] + units[4]) / 2])
    assert torch.allclose(head.prototypes, means / means.norm(dim=1, keepdim=True), atol=1e-6)
    assert torch.allclose(head(train[0]), head.scale * units @ head.prototypes.T, atol=1e-5)


def test_prepare_head__scale_by_the_validation_split(train):
    """No other scale has a smaller loss on the held-out samples, and they decide it."""
    held = Labelled(train[0] + 0.5, LABELS, WEIGHTS)
    easy, hard = CosineHead(4, 3), CosineHead(4, 3)
    OBJECTIVE.prepare_head(easy, train, train)
    OBJECTIVE.prepare_head(hard, train, Labelled(train[0].flip(0), LABELS, WEIGHTS))
    assert easy.scale > hard.scale
    OBJECTIVE.prepare_head(easy, train, held)
    found = loss(easy, held)
    for scale in SCALES:
        easy.scale.copy_(scale)
        assert found <= loss(easy, held)


def test_prepare_head__linear(train):
    """A linear head gets the statistics of the training features and starts undecided."""
    head = Head(4, 3)
    OBJECTIVE.prepare_head(head, train, train)
    assert torch.equal(head.mean, train[0].mean(0))
    assert torch.equal(head.scale, train[0].std(0).clamp_min(0.1 * float(train[0].std(0).mean())))
    assert torch.equal(head(train[0]), torch.zeros(5, 3))


def test_losses__weighted(train):
    """The loss is that of torch, weighted by sample."""
    head = Head(4, 3)
    torch.nn.init.normal_(head.linear.weight)
    each = functional.cross_entropy(head(train[0]), LABELS, reduction="none")
    assert loss(head, train) == pytest.approx(float((each * WEIGHTS).sum() / WEIGHTS.sum()))


def test_check__one_class_is_missing():
    """The class without a sample is named with what to do."""
    OBJECTIVE.check(LABELS)
    with pytest.raises(
        RecipeError, match="no training sample has the label 'd'; add some, or take it out of the domain"
    ):
        ClassificationObjective(ClassificationTask(classes=("a", "b", "c", "d"))).check(LABELS)


def test_fit__prototype_and_its_package(small, nursery):
    """A prototype fit keeps the class means of the cached features, and its package says what the network says."""
    from evaluation.inference.calibration import tempered
    from registry.package.packing import pack_fit

    config = small("fit", "prototype")
    folder = fit(config).parent
    rows = nursery.dataset.rows("train", "val")
    with np.load(folder / "outputs.npz") as outputs:
        embeddings, probabilities = outputs["embeddings"], outputs["answer.label"]
    train, labels = (rows["split"] == "train").to_numpy(), nursery.dataset.labels(rows)
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True) * rows["weight"].to_numpy()[:, None]
    means = np.stack([units[train & (labels == label)].sum(0) for label in (0, 1)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    cosines = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True) @ means.T
    assert np.array_equal(cosines.argmax(1), probabilities.argmax(1))
    package = pack_fit(folder, nursery.dataset, config.pretrained)
    answers, seen = package.predict(nursery.dataset.samples(rows))
    assert np.allclose(answers["label"], tempered(probabilities, package.temperatures["label"]), atol=1e-3)
    assert np.allclose(seen, embeddings, atol=1e-3)
