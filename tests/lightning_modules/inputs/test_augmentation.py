"""A view is decided by seed, view number and content alone, and shows nothing that the domain does not allow."""

import json
import random

import numpy as np
import pytest
import torch

from lightning_modules.config import load_fit_config
from lightning_modules.inputs.augmentation import AugmentationConfig, augment, view_seed
from settings.errors import ConfigError

SEEDS = range(64)
EVERY = [
    {"horizontal_flip": True, "vertical_flip": True, "rotation": "right_angles"},
    {"rotation": 20.0},
    {"crop": 0.5},
    {"randaugment": {"operations": 2, "magnitude": 9}},
    {"horizontal_flip": True, "rotation": 5.0, "crop": 0.8, "randaugment": {}},
]


def config(**options):
    """The augmentation as YAML gives it."""
    return AugmentationConfig.model_validate_json(json.dumps(options))


def images(count, channels=3, side=32):
    """Noise, no two alike."""
    return np.random.default_rng(0).integers(0, 256, (count, side, side, channels), dtype=np.uint8)


def seen(options):
    """Which of the eight flips and turns of one image its views show."""
    image = images(1)[0]
    turned = {(flip, turn): np.rot90(image[:, ::-1] if flip else image, turn) for flip in (0, 1) for turn in range(4)}
    views = augment(config(**options), np.stack([image] * len(SEEDS)), list(SEEDS))
    return {next(key for key, value in turned.items() if np.array_equal(value, view)) for view in views}


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ({"horizontal_flip": True}, {(0, 0), (1, 0)}),
        ({"vertical_flip": True}, {(0, 0), (1, 2)}),
        ({"horizontal_flip": True, "vertical_flip": True}, {(0, 0), (1, 0), (1, 2), (0, 2)}),
        ({"rotation": "half_turn"}, {(0, 0), (0, 2)}),
        ({"rotation": "right_angles"}, {(0, 0), (0, 1), (0, 2), (0, 3)}),
        ({"horizontal_flip": True, "rotation": "right_angles"}, {(flip, turn) for flip in (0, 1) for turn in range(4)}),
    ],
)
def test_augment__only_what_is_allowed(options, allowed):
    """All flips and turns that are on appear among 64 views, and none that is off."""
    assert seen(options) == allowed


def test_augment__off():
    """Without augmentation every view is the image, and `active` says so."""
    given = images(8)
    assert np.array_equal(augment(config(), given, list(range(8))), given)
    assert not config().active
    assert all(config(**options).active for options in EVERY)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("options", EVERY)
def test_augment__independent_of_the_batch(options, channels):
    """A sample's view is the same alone, in another order and in another batch; other seeds give other views."""
    given, chosen = images(6, channels), config(**options)
    seeds = [view_seed(0, 1, str(number)) for number in range(6)]
    whole, order = augment(chosen, given, seeds), [4, 0, 5]
    assert np.array_equal(augment(chosen, given[order], [seeds[place] for place in order]), whole[order])
    assert (whole.dtype, whole.shape) == (np.uint8, given.shape)
    assert not np.array_equal(augment(chosen, given, [seed + 1 for seed in seeds]), whole)
    assert not np.array_equal(whole, given)


@pytest.mark.parametrize("options", EVERY)
def test_augment__leaves_global_generators_alone(options):
    """What is drawn does not depend on torch's, numpy's and Python's generators, nor does it move them."""
    given, chosen, found = images(4), config(**options), []
    for seed in (1, 2):
        torch.manual_seed(seed)
        before = torch.get_rng_state(), repr(np.random.get_state()), random.getstate()  # noqa: NPY002
        found.append(augment(chosen, given, [7, 8, 9, 10]))
        assert torch.equal(torch.get_rng_state(), before[0])
        assert (repr(np.random.get_state()), random.getstate()) == before[1:]  # noqa: NPY002
    assert np.array_equal(*found)


def test_augment__crop_and_rotation_do_what_they_say():
    """A crop shows at least its share of the area; a turn of few degrees moves little."""
    ramp = np.broadcast_to(np.arange(64, dtype=np.uint8)[None, :, None] * 4, (64, 64, 1))
    views = augment(config(crop=0.5), np.stack([ramp] * 64), list(SEEDS)).astype(int)
    spans = views.max((1, 2, 3)) - views.min((1, 2, 3))
    assert spans.min() > 0.4 * 252
    assert spans.max() > 0.9 * 252
    blob = np.zeros((64, 64, 1), np.uint8)
    blob[30:34, 50:54] = 255
    turned = augment(config(rotation=10.0), np.stack([blob] * 64), list(SEEDS))
    centres = [np.argwhere(view[..., 0] > 60).mean(0) for view in turned]
    angles = [np.degrees(np.arctan2(row - 31.5, column - 31.5)) for row, column in centres]
    assert max(np.abs(angles)) < 11.5
    assert min(angles) < -7 < 7 < max(angles)


@pytest.mark.parametrize("options", EVERY)
def test_augment__no_images(options):
    """A process that has no part in a small batch gets nothing."""
    assert augment(config(**options), images(0), []).shape == (0, 32, 32, 3)


def test_view_seed__of_all_three():
    """Seed, view and content each change it; the same three give the same."""
    found = {view_seed(seed, view, digest) for seed in range(3) for view in range(3) for digest in ("a", "b", "11")}
    assert len(found) == 27
    assert view_seed(1, 2, "a") == view_seed(1, 2, "a")


def test_augmentation_config__hash():
    """Any change of an option is another cache; whole degrees are degrees."""
    assert len({config(**options).hash for options in [{}, *EVERY]}) == len(EVERY) + 1
    assert config(rotation=20).hash == config(rotation=20.0).hash


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rotation", -5),
        ("rotation", 0),
        ("rotation", 181),
        ("rotation", "turn"),
        ("crop", 0),
        ("crop", 1.5),
        ("flip", 1),
    ],
)
def test_augmentation_config__wrong(tmp_path, key, value):
    """A wrong option is one line that names it, before anything is trained."""
    training = {"backbone": "b", "recipe": "full", "augmentation": {key: value}}
    (tmp_path / "fit.json").write_text(json.dumps({"training": training}))
    with pytest.raises(ConfigError, match=f"augmentation.{key}") as found:
        load_fit_config(tmp_path / "fit.json")
    assert "\n" not in str(found.value)
