"""Regraft's side of a comparison: real fits of the engine, in the temporary project of the cell."""

import statistics
import time
from pathlib import Path
from typing import Any

import torch

from bench.training.fits import fit_config
from bench.training.images import write_processed
from bench.training.peers import BACKBONE, MEAN, STD, Values
from data.stores.dataset import Dataset
from lightning_modules.fitting.fit import fit
from lightning_modules.fitting.progress import read_history
from lightning_modules.hub.backbones import load_pretrained
from lightning_modules.inputs.activations import PLAIN, Prefix
from lightning_modules.inputs.datamodule import PhaseData
from lightning_modules.network.libraries.timm import Normalise
from registry.store.curves import EpochCurves
from registry.store.tracking import start_run
from settings.machine import load_settings

FLIPS = {"horizontal_flip": True, "vertical_flip": True}


def full(size: int, images: int, batch_size: int, epochs: int) -> Values:
    """Images a second of the recipe `full`, from the second epoch on."""
    dataset = write_processed(new_project() / "processed", images, size)
    history = run_fit(dataset, {"kind": "full", "epochs": epochs, "batch_size": batch_size, "patience": epochs})
    return {"value": images * (epochs - 1) / sum(entry["seconds"] for entry in history[1:])}


def partial_cached(size: int, images: int, batch_size: int, epochs: int, stages: int) -> Values:
    """Seconds an epoch of the recipe `partial` with one cached view, from the third epoch on."""
    return _partial(size, images, epochs, {"batch_size": batch_size, "stages": stages, "views": 1})


def partial_uncached(size: int, images: int, batch_size: int, epochs: int, stages: int) -> Values:
    """Seconds an epoch of the recipe `partial` without its cache, from the third epoch on."""
    return _partial(size, images, epochs, {"batch_size": batch_size, "stages": stages, "views": 0})


def _partial(size: int, images: int, epochs: int, options: dict[str, Any]) -> Values:
    dataset = write_processed(new_project() / "processed", images, size)
    history = run_fit(dataset, {"kind": "partial", "probe_epochs": 1, "epochs": epochs, "patience": epochs, **options})
    seconds = [entry["seconds"] for entry in history[1:]]  # the first is the probe's
    return {"value": statistics.median(seconds[2:]), "first_epoch": seconds[0], "second_epoch": seconds[1]}


def probe(size: int, images: int, batch_size: int, epochs: int) -> Values:
    """Seconds from image files to a trained linear probe: decoding, storing, embedding and all epochs."""
    project = new_project()
    started = time.perf_counter()
    dataset = write_processed(project / "processed", images, size)
    Prefix(load_settings().home, dataset, load_pretrained(project, BACKBONE), load_settings().cores).fill(
        dataset.manifest
    )
    embedded = time.perf_counter() - started
    run_fit(dataset, {"kind": "linear_probe", "epochs": epochs, "batch_size": batch_size, "patience": epochs})
    return {"value": time.perf_counter() - started, "before_training": embedded}


def shards(size: int, images: int, batch_size: int, epochs: int) -> Values:
    """Images a second of reading batches from the shards, normalised as the network's first layer wants them."""
    loader = _loader(size, images, batch_size)
    normalise = Normalise(MEAN, STD)
    return {"value": _passes(loader, epochs, lambda batch: normalise(batch["inputs"]).contiguous())}


def shards_as_bytes(size: int, images: int, batch_size: int, epochs: int) -> Values:
    """Images a second of reading batches from the shards, as bytes: normalisation is a part of the network."""
    return {"value": _passes(_loader(size, images, batch_size), epochs, lambda batch: batch["inputs"])}


def _loader(size: int, images: int, batch_size: int) -> Any:
    dataset = write_processed(load_settings().root / "processed", images, size)
    data = PhaseData(dataset, None, PLAIN, batch_size, seed=0)
    data.setup("fit")
    return data.train_dataloader()


def _passes(loader: Any, epochs: int, prepare: Any) -> float:
    """Images a second from the second pass on."""
    seconds, count = [], 0
    for epoch in range(epochs):
        loader.sampler.set_epoch(epoch)
        started = time.perf_counter()
        count = sum(len(prepare(batch)) for batch in loader)
        seconds.append(time.perf_counter() - started)
    return count * (epochs - 1) / sum(seconds[1:])


def run_fit(dataset: Dataset, recipe: dict[str, Any], name: str = "fit") -> list[dict[str, float]]:
    """Fits a recipe and logs its curves in this process, whose peak memory then counts it; returns their history."""
    torch.set_num_threads(load_settings().cores)
    config = fit_config(dataset, recipe, FLIPS, name)
    history = read_history(fit(config).with_name("progress.json"))
    EpochCurves(config.run_id).log(history)
    return history


def new_project() -> Path:
    """The cell's project folder, with the tables of MLflow made before any clock runs."""
    start_run("bench", "warm", {})
    return load_settings().root
