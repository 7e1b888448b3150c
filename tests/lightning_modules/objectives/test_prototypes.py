"""Prototypes: class means as a head, and the scale that the held-out samples want."""

import numpy as np
import torch

from lightning_modules.fitting.fit import fit
from lightning_modules.objectives.heads import CosineHead
from lightning_modules.objectives.objective import Labelled
from lightning_modules.objectives.prototypes import SCALES


def test_set_prototypes__class_means(train, objective):
    """A prototype is the weighted mean of the normalised features of its class, normalised."""
    head = CosineHead(4, 3)
    objective.prepare_head(head, train, train)
    units = train[0] / train[0].norm(dim=1, keepdim=True)
    means = torch.stack([(units[0] + 3 * units[1]) / 4, units[2], (units[3] + units[4]) / 2])
    assert torch.allclose(head.prototypes, means / means.norm(dim=1, keepdim=True), atol=1e-6)
    assert torch.allclose(head(train[0]), head.scale * units @ head.prototypes.T, atol=1e-5)


def test_set_prototypes__scale_by_the_validation_split(train, objective, loss):
    """No other scale has a smaller loss on the held-out samples, and they decide it."""
    held = Labelled(train[0] + 0.5, train.targets, train.weights)
    easy, hard = CosineHead(4, 3), CosineHead(4, 3)
    objective.prepare_head(easy, train, train)
    objective.prepare_head(hard, train, Labelled(train[0].flip(0), train.targets, train.weights))
    assert easy.scale > hard.scale
    objective.prepare_head(easy, train, held)
    found = loss(easy, held)
    for scale in SCALES:
        easy.scale.copy_(scale)
        assert found <= loss(easy, held)


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
