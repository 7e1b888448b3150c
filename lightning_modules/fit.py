"""Fit: one training run in a process of its own; `python -m lightning_modules.fit CONFIG`.

It goes on from the last checkpoint in its folder if there is one, and ends with weights.safetensors, outputs.npz
(probabilities and embeddings of the training and validation splits) and result.json, written last.
"""

import json
import logging
import time
import warnings
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from filelock import FileLock
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from pytorch_lightning.loggers import MLFlowLogger
from safetensors.torch import save_file

from data.atomic import atomic_path, write_text
from data.dataset import Dataset
from data.entry import stage_main
from data.settings import load_settings
from lightning_modules.classifier import Classifier
from lightning_modules.config import FitConfig, load_fit_config
from lightning_modules.datamodule import DomainData, SplitData
from lightning_modules.embed import feature_cache
from lightning_modules.hub import load_backbone
from lightning_modules.network import Network, pretrained_network
from lightning_modules.progress_file import ProgressFile

log = logging.getLogger(__name__)


def fit(config: FitConfig) -> Path:
    """Trains as configured and returns the path of result.json; a fit that has ended already is not run again.

    Raises:
        BackboneError: the backbone's weights are missing or altered.
        StorageError: features or shards are missing, or the disk refused a write.
    """
    result = config.folder / "result.json"
    # The fit of a flow that was killed may be running on: its result is waited for.
    with FileLock(config.folder / "fit.lock"):
        if not result.exists():
            _run(config, result)
    return result


def _run(config: FitConfig, result: Path) -> None:
    torch.set_num_threads(config.threads)
    pl.seed_everything(config.training.seed, verbose=False)
    started = time.monotonic()
    network, data = _network(config), _data(config)
    module = _module(config, network, data)
    trainer = _trainer(config)
    last = config.folder / "last.ckpt"
    trainer.fit(module, data, ckpt_path=last if last.exists() else None)
    _take_best(module, trainer)
    _write_outputs(config, module, data, trainer)
    _write_weights(config, network)
    write_text(result, json.dumps(_result(trainer, time.monotonic() - started)))


def _network(config: FitConfig) -> Network:
    card = load_backbone(Path(config.root), config.training.backbone)
    dataset = Dataset(Path(config.dataset), config.task, config.classes)
    return pretrained_network(Path(config.root), card, card.transform(dataset.spec), len(config.classes))


def _data(config: FitConfig) -> DomainData:
    root, recipe = Path(config.root), config.training.recipe
    dataset = Dataset(Path(config.dataset), config.task, config.classes)
    cache = None
    if recipe.inputs == "features":
        card = load_backbone(root, config.training.backbone)
        cache = feature_cache(root / ".regraft", card.weights(root)[1], card.transform(dataset.spec))
    return DomainData(dataset, cache, recipe.batch_size, config.training.seed)


def _module(config: FitConfig, network: Network, data: DomainData) -> Classifier:
    recipe = config.training.recipe
    if data.train.features is not None:
        network.head.standardise(data.train.features)
    return Classifier(
        network,
        inputs=recipe.inputs,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        label_smoothing=recipe.label_smoothing,
    )


def _trainer(config: FitConfig) -> pl.Trainer:
    recipe = config.training.recipe
    checkpoint = ModelCheckpoint(
        config.folder, "best", monitor="val_loss", save_last=True, enable_version_counter=False
    )
    logger = MLFlowLogger(
        experiment_name=config.experiment, tracking_uri=load_settings().tracking_uri, run_id=config.run_id
    )
    return pl.Trainer(
        accelerator="auto",
        devices=1,
        max_epochs=recipe.epochs,
        callbacks=[checkpoint, EarlyStopping("val_loss", patience=recipe.patience), ProgressFile(config)],
        logger=logger,
        log_every_n_steps=1_000_000,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
        deterministic=True,
    )


def _take_best(module: Classifier, trainer: pl.Trainer) -> None:
    best = trainer.checkpoint_callback.best_model_path  # type: ignore[union-attr]
    module.load_state_dict(torch.load(best, map_location="cpu", weights_only=True)["state_dict"])


def _write_outputs(config: FitConfig, module: Classifier, data: DomainData, trainer: pl.Trainer) -> None:
    """What the trained network says of the samples that it may have seen: the drift reference is made of it."""
    split: SplitData = data.whole
    batches = trainer.predict(module, data.ordered(split)) or []
    probabilities, embeddings = (torch.cat(part).numpy() for part in zip(*batches, strict=True))
    with atomic_path(config.folder / "outputs.npz") as temporary, temporary.open("wb") as file:
        np.savez(file, hashes=split.rows["hash"].to_numpy(str), probabilities=probabilities, embeddings=embeddings)


def _write_weights(config: FitConfig, network: Network) -> None:
    with atomic_path(config.folder / "weights.safetensors") as temporary:
        save_file({name: value.contiguous().cpu() for name, value in network.state_dict().items()}, temporary)


def _result(trainer: pl.Trainer, seconds: float) -> dict[str, float | int]:
    best = trainer.checkpoint_callback.best_model_score  # type: ignore[union-attr]
    return {"epochs": trainer.current_epoch, "best_val_loss": float(best), "seconds": round(seconds, 2)}


def main(path: str) -> None:
    """Fits what the configuration file says."""
    warnings.filterwarnings("ignore", module="pytorch_lightning|torch")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    fit(load_fit_config(Path(path)))


if __name__ == "__main__":
    stage_main(main)
