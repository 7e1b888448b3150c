"""What a backbone lost is measured, and the probe images show what they should."""

from dataclasses import astuple
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import ortho_group

from data.specs.image import ImageSpec
from lightning_modules.hub.backbones import load_pretrained
from lightning_modules.insight.forgetting import agreement, cka, forgetting, measure_adaptation, probe_images
from lightning_modules.insight.source_head import SourceHead, load_source_head
from lightning_modules.network.network import pretrained_network

ROOT = Path(__file__).parents[3]


def features(seed: int, size: int = 200) -> np.ndarray:
    """Random features [60, size]: more dimensions than samples."""
    return np.random.default_rng(seed).normal(size=(60, size))


def test_cka__blind_to_rotation_scale_and_shift():
    """The same features, turned, stretched and moved, are the same features."""
    turned = 3 * features(0) @ ortho_group.rvs(200, random_state=0) + 5
    assert cka(features(0), turned) == pytest.approx(1)


def independence(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The unbiased criterion by its definition: a mean over all ordered quadruples of samples."""
    a, b = ours @ ours.T, theirs @ theirs.T
    return np.mean([a[i, j] * (b[i, j] + b[q, r] - 2 * b[i, q]) for i, j, q, r in permutations(range(len(a)), 4)])


def test_cka__equals_its_definition():
    """The closed form is the mean over quadruples, also for samples of very different lengths."""
    ours, theirs = features(0, 4)[:7] * np.arange(1, 8)[:, None], features(0, 3)[:7] + 2
    expected = independence(ours, theirs) / np.sqrt(independence(ours, ours) * independence(theirs, theirs))
    assert cka(ours, theirs) == pytest.approx(expected)


def test_cka__falls_with_noise_to_nothing():
    """Features that move lose likeness by degrees; other features have none, though D exceeds N."""
    levels = [cka(features(0), features(0) + noise * features(1)) for noise in (0.0, 0.5, 2.0)]
    assert levels == sorted(levels, reverse=True)
    assert levels[1] > 0.7 > 0.4 > levels[2]
    assert abs(cka(features(0), features(1, 50))) < 0.1


def test_cka__collapsed_network():
    """A network that says the same of every image has no likeness to measure."""
    assert np.isnan(cka(features(0), np.ones((60, 3))))


def test_agreement__share_of_equal_tops():
    """Two of three samples keep their likeliest class."""
    before = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    assert agreement(before, np.array([[0.6, 0.4], [0.7, 0.3], [0.9, 0.1]])) == pytest.approx(2 / 3)


def test_forgetting__with_and_without_a_source_head():
    """Unmoved features are forgotten in nothing; without a source classifier there is no agreement to state."""
    head = SourceHead(features(2)[:10].astype(np.float32), np.zeros(10, np.float32))
    kept = forgetting(features(0), features(0), head)
    assert (kept.cka, kept.agreement, kept.samples) == (pytest.approx(1), 1.0, 60)
    moved = forgetting(features(0), features(0) + features(1), head)
    assert moved.agreement is not None
    assert moved.agreement < 0.9
    assert forgetting(features(0), features(0), None).agreement is None


def test_probe_images__sixty_different_crops():
    """Crops are squares of the asked size, in colour, all different and the same at every call."""
    images = probe_images(32)
    assert (images.shape, images.dtype) == ((60, 32, 32, 3), np.uint8)
    assert len({image.tobytes() for image in images}) == 60
    assert np.array_equal(images, probe_images(32))
    assert images.std(axis=(1, 2, 3)).min() > 1


def test_measure_adaptation__frozen_and_moved_backbone():
    """A backbone as it was has forgotten nothing, as running both networks says, too; a disturbed one has."""
    pretrained = load_pretrained(ROOT, "tf_efficientnet_lite0.imagenet")
    spec = ImageSpec(mode="RGB", size=64)
    adapted = pretrained_network(pretrained, pretrained.transform(spec), {})
    frozen = measure_adaptation(pretrained, spec, adapted)
    images = torch.from_numpy(probe_images(64))
    with torch.inference_mode():
        said = adapted.eval().run(images).numpy()
    assert frozen is not None
    assert astuple(frozen) == pytest.approx(astuple(forgetting(said, said, load_source_head(pretrained))))
    with torch.no_grad():
        next(iter(adapted.parameters())).add_(0.5)
    moved = measure_adaptation(pretrained, spec, adapted)
    assert moved is not None
    assert moved.cka < 0.99
