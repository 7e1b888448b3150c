"""What the module optimises: a weighted loss, decay on weight matrices alone."""

from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader

from lightning_modules.classifier import Classifier
from lightning_modules.network import Network

LABELS, WEIGHTS = torch.tensor([0, 1, 1]), torch.tensor([1.0, 3.0, 0.5])


def make(inputs: str = "features", smoothing: float = 0.0) -> Classifier:
    """A module over a backbone with random weights."""
    torch.manual_seed(0)
    network = Network("tf_efficientnet_lite0", 2, (0.5,) * 3, (0.5,) * 3)
    torch.nn.init.normal_(network.head.linear.weight)
    return Classifier(network, inputs=inputs, learning_rate=0.01, weight_decay=0.3, label_smoothing=smoothing)


def batch(inputs: Tensor) -> dict[str, Tensor]:
    """Three samples with weights."""
    return {"inputs": inputs, "labels": LABELS, "weights": WEIGHTS}


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_training_step__weighted_mean(monkeypatch, smoothing):
    """A sample counts for its weight."""
    module, features = make(smoothing=smoothing), torch.randn(3, 1280)
    monkeypatch.setattr(module, "log", lambda *_, **__: None)
    each = functional.cross_entropy(module.head(features), LABELS, reduction="none", label_smoothing=smoothing)
    wanted = (each[0] + 3 * each[1] + each[2] / 2) / 4.5
    assert torch.isclose(module.training_step(batch(features), 0), wanted)


def test_validation_step__mean_over_batches(tmp_path):
    """Two batches of different weight give the weighted mean of all their samples."""
    module, features = make(), torch.randn(3, 1280)
    small = {"inputs": features[:1], "labels": LABELS[:1], "weights": torch.tensor([8.0])}
    loader = DataLoader([small, batch(features) | {"weights": torch.ones(3)}], batch_size=None)
    trainer = pl.Trainer(logger=False, enable_progress_bar=False, accelerator="cpu", enable_checkpointing=False)
    found = trainer.validate(module, loader, verbose=False)[0]
    each = functional.cross_entropy(module.head(features), LABELS, reduction="none").detach()
    assert found["val_loss"] == pytest.approx(float((8 * each[0] + each.sum()) / 11), rel=1e-5)


def test_predict_step__features_and_images():
    """From images the backbone runs, from features it does not; probabilities sum to one."""
    images = torch.randint(0, 256, (3, 32, 32, 1), dtype=torch.uint8)
    module = make("images").eval()
    probabilities, embedding = module.predict_step(batch(images), 0)
    again, same = make().eval().predict_step(batch(embedding), 0)
    assert torch.allclose(probabilities.sum(1), torch.ones(3))
    assert torch.allclose(probabilities, again, atol=1e-5)
    assert same is embedding


def optimizers(module: Classifier, steps: int) -> dict[str, Any]:
    """What the module would train with for that many steps."""
    module.trainer = pl.Trainer(logger=False, max_steps=steps, enable_checkpointing=False, accelerator="cpu")
    module.trainer.fit_loop.setup_data = lambda: None
    return module.configure_optimizers()


@pytest.mark.parametrize("inputs", ["features", "images"])
def test_configure_optimizers__decay(inputs):
    """Matrices and kernels decay, biases and norms do not; the backbone learns only from images."""
    module = make(inputs)
    decayed, plain = optimizers(module, 100)["optimizer"].param_groups
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.3, 0.0)
    assert all(value.ndim > 1 for value in decayed["params"])
    assert all(value.ndim == 1 for value in plain["params"])
    count = len(decayed["params"]) + len(plain["params"])
    assert count == 2 if inputs == "features" else count == len(list(module.embed.parameters())) > 100


@pytest.mark.parametrize("steps", [1, 2, 3, 9, 10, 11, 20, 200])
def test_configure_optimizers__any_number_of_steps(steps):
    """The rate rises to its peak and falls again, however few steps there are."""
    found = optimizers(make(), steps)
    rates = []
    for _ in range(steps):
        rates.append(found["optimizer"].param_groups[0]["lr"])
        found["optimizer"].step()
        found["lr_scheduler"]["scheduler"].step()
    assert 0 < min(rates) <= max(rates) <= 0.01
    assert steps < 10 or max(rates) > 0.009 > 5 * max(rates[0], rates[-1])
