"""The configuration of a fit that a benchmark measures."""

import hashlib
import json
from typing import Any

from data.stores.dataset import Dataset
from lightning_modules.config import FitConfig
from lightning_modules.hub.backbones import load_pretrained
from settings.machine import load_settings

BACKBONE = "tf_efficientnet_lite0.imagenet"


def fit_config(dataset: Dataset, recipe: dict[str, Any], augmentation: dict[str, Any], name: str) -> FitConfig:
    """A fit below the project's fits/, with an MLflow run of its own; other data or options have another folder."""
    from registry.store.tracking import start_run  # MLflow, only where something is trained

    settings = load_settings()
    training = {"backbone": BACKBONE, "recipe": recipe, "augmentation": augmentation}
    digest = hashlib.sha256(json.dumps([training, str(dataset.folder)]).encode()).hexdigest()[:12]
    tasks = {task: asked.model_dump() for task, asked in dataset.tasks.items()}
    pretrained = load_pretrained(settings.root, BACKBONE).model_dump(mode="json")
    content = {
        "root": str(settings.root), "dataset": str(dataset.folder), "tasks": tasks, "pretrained": pretrained,
        "training": training, "output": str(settings.root / "fits" / f"{name}-{digest}"), "threads": settings.cores,
        "run_id": start_run("bench", name, {}),
    }  # fmt: skip
    return FitConfig.model_validate_json(json.dumps(content))
