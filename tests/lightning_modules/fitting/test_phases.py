"""One phase: its cache changes nothing but the time, its best weights are kept, and a fault keeps what was good."""

import json
import resource
import signal

import numpy as np
import pytest
import torch
from pytorch_lightning.strategies import SingleDeviceStrategy
from safetensors.numpy import load_file

from data.errors import StorageError
from data.stores.cache_budget import _held
from lightning_modules.fitting import phases as phase_fit
from lightning_modules.fitting.context import FitContext
from lightning_modules.fitting.fit import fit
from lightning_modules.inputs.augmentation import AugmentationConfig

FLIPS = {"augmentation": AugmentationConfig(horizontal_flip=True, rotation="half_turn")}
PARTIAL = {"kind": "partial", "batch_size": 16, "epochs": 3}
STATISTICS = ("running_mean", "running_var")


def facts(folder, number=0, name="result") -> dict:
    """What a phase says of itself."""
    return json.loads((folder / f"phase-{number}" / f"{name}.json").read_text())


def drift(ours, theirs) -> tuple[float, float]:
    """How far two fits ended from one another, of how far they went in their second phase: parameters, statistics."""
    names = ((ours, 1), (theirs, 1), (theirs, 0))
    end, wanted, start = (load_file(folder / f"phase-{number}" / "weights.safetensors") for folder, number in names)

    def share(chosen) -> float:
        gap, way = (sum(np.square(one[name] - wanted[name]).sum() for name in chosen) for one in (end, start))
        return float(np.sqrt(gap / max(way, 1e-12)))

    kept = [name for name in wanted if name.endswith(STATISTICS)]
    return share(wanted.keys() - {*kept} - {name for name in wanted if "num_batches" in name}), share(kept)


def held_loss(nursery, folder) -> float:
    """The loss on the validation split by the probabilities that a fit left."""
    rows = nursery.dataset.rows("train", "val")
    held, weight = (rows["split"] == "val").to_numpy(), rows["weight"].to_numpy()
    with np.load(folder / "outputs.npz") as outputs:
        chosen = outputs["answer.label"][np.arange(len(rows)), nursery.dataset.labels(rows)]
    return float(np.average(-np.log(chosen[held]), weights=weight[held]))


# With a training BatchNorm the rounding of a batch of few values is enlarged; with a frozen one it is not.
@pytest.mark.parametrize(("batch_norm", "bound"), [("train", 0.03), ("frozen", 0.001)])
def test_fit_phase__cache_changes_nothing(small, batch_norm, bound):
    """Training from cached activations gives the weights of training from images, to float tolerance."""
    images, cached, other = (
        fit(small(name, **PARTIAL, batch_norm=batch_norm, views=views, learning_rate=rate)).parent
        for name, views, rate in [("images", 0, 3e-4), ("cached", 1, 3e-4), ("other", 1, 4e-4)]
    )
    assert (facts(images, 1, "cached"), facts(cached, 1, "cached")) == (False, True)
    assert (facts(images, 1)["boundary"], facts(cached, 1)["boundary"]) == (0, 6)
    assert max(drift(cached, images)) < bound < max(drift(other, images))


def test_fit_phase__views_do_not_fit_into_the_budget(small, monkeypatch, caplog):
    """The phase then trains on the same views without a cache, to the same weights."""
    recipe = {**PARTIAL, "views": 8, "training": FLIPS}
    cached = fit(small("cached", **recipe)).parent
    monkeypatch.setenv("REGRAFT_CACHE_GB", str(200_000 / 2**30))
    monkeypatch.setattr("lightning_modules.inputs.activations.Prefix._missing", _nothing_but_the_embedding)
    images = fit(small("images", **recipe)).parent
    assert (facts(cached, 1, "cached"), facts(images, 1, "cached")) == (True, False)
    assert "the activations of phase 'last 2' do not fit into REGRAFT_CACHE_GB: not cached" in caplog.text
    plain = fit(small("plain", **{**recipe, "training": {}})).parent
    assert max(drift(images, cached)) < 0.01 < max(drift(plain, cached))


def test_fit_phase__keeps_its_room(small, monkeypatch):
    """While a phase trains from cached activations, their cache stays in use, and what it was promised its own."""
    config, held = small("fit", **PARTIAL), []
    build, folder = phase_fit.build_trainer, FitContext(config).prefix(6).cache().folder

    def spy(*given):
        """Looks at the cache before the trainer is made."""
        held.append(_held(folder))
        return build(*given)

    monkeypatch.setattr(phase_fit, "build_trainer", spy)
    fit(config)
    assert held == [False, True]
    assert not _held(folder)


def _nothing_but_the_embedding(prefix, rows, views) -> dict[int, int]:
    """What is missing of a cache in which an earlier fit has left nothing."""
    return {view: len(rows) if prefix.boundary else 0 for view in range(views.cached)}


@pytest.mark.parametrize(("rate", "mean"), [(1e-4, False), (0.1, True)])
@pytest.mark.parametrize("ema", [0.0, 0.3])
def test_fit_phase__soup_only_if_it_is_better(small, nursery, monkeypatch, rate, mean, ema):
    """The mean of the best epochs is kept where its validation loss is lower than that of the best one."""
    means, average = [], phase_fit._mean
    monkeypatch.setattr(phase_fit, "_mean", lambda values: means.append(average(values)) or means[-1])
    recipe = {"epochs": 6, "soup": 3, "ema": ema, "learning_rate": rate, "schedule": "cosine", "warmup": 0.0}
    folder = fit(small("fit", "linear_probe", **recipe)).parent
    history = json.loads((folder / "progress.json").read_text())["history"]
    best = min(entry["val_loss"] for entry in history)
    kept = load_file(folder / "weights.safetensors")["heads.task_label.linear.weight"]
    assert any(np.array_equal(kept, one.numpy()) for one in means) == mean
    assert facts(folder)["val_loss"] == pytest.approx(held_loss(nursery, folder), rel=1e-4)
    assert (facts(folder)["val_loss"] < best - 1e-6) == mean


def test_fit_phase__loss_is_not_finite(small, starter):
    """A rate at which the loss overflows in the second epoch is one line; the first epoch's checkpoint is kept."""
    recipe = {"epochs": 3, "schedule": "cosine", "warmup": 0.9, "weight_decay": 0.0}
    config = small("fit", "linear_probe", learning_rate=3e37, **recipe)
    assert starter(config) == 1
    assert (config.folder / "fit.log").read_text() == (
        "error: the loss is nan in batch 3 of epoch 2 of phase 'head', at a rate of 1.78e+37; lower "
        "recipe.learning_rate or set recipe.clip (the last good checkpoint is kept)\n"
    )
    kept = torch.load(config.folder / "phase-0" / "last.ckpt", weights_only=True)
    assert kept["epoch"] == 0
    assert all(torch.isfinite(value).all() for value in kept["state_dict"].values())
    assert not (config.folder / "result.json").exists()


def test_fit_phase__disk_full(small, starter, helpers):
    """A checkpoint that the disk refuses is one line; the one before is kept, and the fit goes on from it."""
    whole, full = (small(name, "full", epochs=3) for name in ("whole", "full"))
    fit(whole)
    assert starter(full, [["all", 1, 0], [resource.RLIMIT_FSIZE, 20_000_000]]) == 1
    assert (full.folder / "fit.log").read_text().splitlines()[-1].startswith("error: cannot write ")
    last = full.folder / "phase-0" / "last.ckpt"
    assert torch.load(last, weights_only=True)["epoch"] == 0
    assert [path.name for path in last.parent.glob("*tmp*")] == []
    (last.parent / ".last.ckpt.half.tmp").touch()  # as a process leaves it that is killed while it writes
    assert starter(full, [["all", 0, 0], int(signal.SIGKILL)]) == 0
    assert list(last.parent.glob("*ckpt*")) == []
    assert helpers.outcome(full.folder) == helpers.outcome(whole.folder)


def test_state__weights_only(tmp_path):
    """A checkpoint with anything but plain values is not opened."""
    torch.save({"state_dict": {}, "code": StorageError}, tmp_path / "last.ckpt")
    with pytest.raises(Exception, match="Weights only load failed"):
        phase_fit._state(str(tmp_path / "last.ckpt"))


def test_fit_phase__checkpoints_go_when_all_have_read_them(small, monkeypatch):
    """The processes meet between the last reading of a checkpoint and its removal."""
    told, read, write = [], phase_fit._state, phase_fit._write
    barrier = SingleDeviceStrategy.barrier
    monkeypatch.setattr(phase_fit, "_state", lambda path: (told.append("read"), read(path))[1])
    monkeypatch.setattr(phase_fit, "_write", lambda *given: (told.append("remove"), write(*given))[1])
    monkeypatch.setattr(SingleDeviceStrategy, "barrier", lambda *given: (told.append("meet"), barrier(*given))[1])
    fit(small("photos", kind="linear_probe", epochs=1))
    assert "meet" in told[told.index("read") : told.index("remove")]
