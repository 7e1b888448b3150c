"""The peers: the same images and weights, trained as people do it without Regraft.

Each function is one cell's other side. The peers get no checkpoints, no logger and no progress bar, which Regraft has
at least in part: what is compared is in their favour.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import timm
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from bench.training.images import write_image_folder
from lightning_modules.hub.backbones import load_pretrained
from lightning_modules.network.adapter import adapter_for
from settings.machine import load_settings

BACKBONE = "tf_efficientnet_lite0.imagenet"
MEAN = STD = (0.5, 0.5, 0.5)
TIMM_WORKERS = 4  # the default of timm's train.py, cut to the cores
LIGHTNING_WORKERS = 2
MEASURED_EPOCHS = 2
Values = dict[str, float]


@dataclass
class Trained:
    """A trained network, and of every epoch its seconds, its mean loss and its number of images."""

    model: nn.Module
    seconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    images: list[int] = field(default_factory=list)

    def rate(self) -> float:
        """Images a second over all epochs but the first."""
        return sum(self.images[1:]) / sum(self.seconds[1:])


def pretrained_model(classes: int) -> nn.Module:
    """EfficientNet-Lite0 as timm builds it, with the weights that Regraft starts from and a new classifier."""
    root = load_settings().root
    pretrained = load_pretrained(root, BACKBONE)
    model: Any = timm.create_model(pretrained.card.architecture, num_classes=0)
    adapter_for(pretrained.card).load_weights(model, Path(pretrained.path))
    model.reset_classifier(classes)
    return model  # type: ignore[no-any-return]


def full_timm(size: int, images: int, batch_size: int, epochs: int) -> Values:
    """Images a second of full fine-tuning with timm's parts, from the second epoch on."""
    folder = write_image_folder(load_settings().root / "images", images)
    return {"value": train_timm(folder, size, batch_size, epochs).rate()}


def full_lightning(size: int, images: int, batch_size: int, epochs: int) -> Values:
    """Images a second of full fine-tuning with plain Lightning and an ImageFolder, from the second epoch on."""
    folder = write_image_folder(load_settings().root / "images", images)
    loader = image_loader(folder, _augmented(size), batch_size)
    return {"value": train_lightning(loader, epochs, frozen=False).rate()}


def probe_lightning(size: int, images: int, batch_size: int, epochs: int) -> Values:
    """Seconds of `epochs` of a linear head on a frozen backbone: two epochs measured, the rest as the second."""
    folder = write_image_folder(load_settings().root / "images", images)
    measured = min(epochs, MEASURED_EPOCHS)
    trained = train_lightning(image_loader(folder, _plain(size), batch_size), measured, frozen=True)
    rest = (epochs - measured) * trained.seconds[-1]
    return {"value": sum(trained.seconds) + rest, "measured_epochs": measured}


def data_torchvision(size: int, images: int, batch_size: int, epochs: int) -> Values:
    """Images a second of reading an ImageFolder into normalised batches, from the second pass on."""
    loader = image_loader(write_image_folder(load_settings().root / "images", images), _plain(size), batch_size)
    seconds, count = [], 0
    for _ in range(epochs):
        started = time.perf_counter()
        count = sum(len(labels) for _, labels in loader)
        seconds.append(time.perf_counter() - started)
    return {"value": count * (epochs - 1) / sum(seconds[1:])}


def image_loader(folder: Path, transform: Any, batch_size: int) -> "DataLoader[tuple[Tensor, Tensor]]":
    """Shuffled batches of `folder/train`, decoded anew in every epoch by worker processes."""
    dataset = ImageFolder(str(folder / "train"), transform)
    return DataLoader(dataset, batch_size, shuffle=True, num_workers=LIGHTNING_WORKERS)


def _plain(size: int) -> Any:
    return transforms.Compose([transforms.Resize((size, size)), transforms.ToTensor(), transforms.Normalize(MEAN, STD)])


def _augmented(size: int) -> Any:
    """The flips that Regraft's side makes as well, so that both do the same work."""
    return transforms.Compose([transforms.RandomHorizontalFlip(), transforms.RandomVerticalFlip(), _plain(size)])


def train_timm(folder: Path, size: int, batch_size: int, epochs: int) -> Trained:
    """Trains with timm's data, loss, optimizer and scheduler, wired as its train.py does with its default options.

    The script itself is not in the wheel. Source: train.py of huggingface/pytorch-image-models.
    """
    from timm.data.dataset_factory import create_dataset
    from timm.loss.cross_entropy import LabelSmoothingCrossEntropy
    from timm.optim._optim_factory import create_optimizer_v2
    from timm.scheduler.scheduler_factory import create_scheduler_v2

    dataset = create_dataset("", root=str(folder), split="train", is_training=True, batch_size=batch_size)
    loader, trained = _timm_loader(dataset, size, batch_size), Trained(pretrained_model(2).train())
    rate = 0.1 * batch_size / 256
    optimizer = create_optimizer_v2(trained.model, opt="sgd", lr=rate, weight_decay=2e-5, momentum=0.9)
    scheduler, _ = create_scheduler_v2(optimizer, sched="cosine", warmup_epochs=5, updates_per_epoch=len(loader))
    criterion = LabelSmoothingCrossEntropy(0.1)  # type: ignore[no-untyped-call]
    for epoch in range(epochs):
        _timm_epoch(trained, loader, criterion, optimizer, scheduler, epoch)
        scheduler.step(epoch + 1)
    return trained


def _timm_loader(dataset: Any, size: int, batch_size: int) -> Any:
    from timm.data.loader import create_loader

    return create_loader(
        dataset, (3, size, size), batch_size, is_training=True, interpolation="random", mean=MEAN, std=STD,
        scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3), num_workers=min(TIMM_WORKERS, load_settings().cores),
        device=torch.device("cpu"),
    )  # fmt: skip


def _timm_epoch(
    trained: Trained, loader: Any, criterion: nn.Module, optimizer: Any, scheduler: Any, epoch: int
) -> None:
    started, losses, images = time.perf_counter(), [], 0
    for step, (inputs, labels) in enumerate(loader):
        loss = criterion(trained.model(inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step_update(num_updates=epoch * len(loader) + step + 1)
        losses.append(float(loss.detach()))
        images += len(labels)
    trained.seconds.append(time.perf_counter() - started)
    trained.losses.append(sum(losses) / len(losses))
    trained.images.append(images)


def train_lightning(loader: "DataLoader[tuple[Tensor, Tensor]]", epochs: int, *, frozen: bool) -> Trained:
    """Trains the whole network, or its classifier on the frozen rest, with plain Lightning."""
    module = _Plain(pretrained_model(2), frozen=frozen)
    trainer = pl.Trainer(
        accelerator="cpu", max_epochs=epochs, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(module, loader)
    return module.trained


class _Plain(pl.LightningModule):
    """Cross-entropy and AdamW; a frozen backbone runs without gradients and in evaluation mode."""

    def __init__(self, model: nn.Module, *, frozen: bool) -> None:
        super().__init__()
        self.model, self.frozen, self.trained = model, frozen, Trained(model)
        self.started, self.sums = 0.0, [0.0, 0.0]

    def on_train_epoch_start(self) -> None:
        """Starts the clock."""
        self.model.train(not self.frozen)
        self.started, self.sums = time.perf_counter(), [0.0, 0.0]

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """Mean cross-entropy."""
        inputs, labels = batch
        loss = nn.functional.cross_entropy(self._logits(inputs), labels)
        self.sums = [self.sums[0] + float(loss.detach()) * len(labels), self.sums[1] + len(labels)]
        return loss

    def _logits(self, inputs: Tensor) -> Tensor:
        model: Any = self.model
        if not self.frozen:
            return model(inputs)  # type: ignore[no-any-return]
        with torch.no_grad():
            features = model.forward_head(model.forward_features(inputs), pre_logits=True)
        return model.get_classifier()(features)  # type: ignore[no-any-return]

    def on_train_epoch_end(self) -> None:
        """Stops the clock."""
        self.trained.seconds.append(time.perf_counter() - self.started)
        self.trained.losses.append(self.sums[0] / self.sums[1])
        self.trained.images.append(int(self.sums[1]))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW without a schedule."""
        model: Any = self.model
        learned = model.get_classifier().parameters() if self.frozen else model.parameters()
        return torch.optim.AdamW(learned, lr=1e-3 if self.frozen else 5e-4)
