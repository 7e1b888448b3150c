"""What the module optimises, and that Lightning runs it as it should."""

import re

import pytest
import pytorch_lightning as pl
import torch
from torch.nn import functional
from torch.utils.data import DataLoader

from lightning_modules.errors import TrainingError
from lightning_modules.learning.learner import Learner
from lightning_modules.learning.optimizer import Optimization
from lightning_modules.learning.penalties import L2SP
from lightning_modules.objectives.loss import Loss
from lightning_modules.objectives.mixing import Mixing
from lightning_modules.recipes.phase import Phase, head_phase
from lightning_modules.recipes.trainable import learning_parameters
from tests.lightning_modules.networks import network

STAGES = 6  # of timm's small EfficientNet
ALL, LAST = Phase("all", 1, 0.01, 0, STAGES), Phase("last", 1, 0.01, STAGES - 2, STAGES)
HEAD = head_phase(STAGES, 1, 0.01)
IMAGES = torch.randint(0, 256, (6, 32, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
LABELS, WEIGHTS = torch.tensor([0, 1, 1, 0, 1, 0]), torch.tensor([1.0, 3.0, 0.5, 8.0, 1.0, 2.0])


def make(phase=ALL, boundary=0, *, rate=0.01, smoothing=0.0, mixing=None, dropout=0.0, **options):
    """A module over a backbone with random weights."""
    torch.manual_seed(0)
    made = network("test_efficientnet", dropout=dropout)
    torch.nn.init.normal_(made.head("label").linear.weight)
    optimization = Optimization(rate, 0.3, 0.5, "cosine", 0.0)
    loss = Loss(torch.ones(2), smoothing, 0.0)
    options = {"mixing": mixing or Mixing(), "criteria": {"label": loss}, "optimization": optimization, **options}
    return Learner(made, phase, boundary=boundary, **options).eval()


def batch(inputs=IMAGES, rows=slice(None), **changes):
    """The six samples, or some of them."""
    weights = WEIGHTS[rows]
    found = {"inputs": inputs[rows], "targets": {"label": LABELS[rows]}, "weights": weights, "total": weights.sum()}
    return {**found, **changes}


def trainer(**options):
    """A trainer on the CPU that keeps quiet."""
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "barebones": False}
    options = {**quiet, "accelerator": "cpu", "enable_model_summary": False, "num_sanity_val_steps": 0, **options}
    return pl.Trainer(**options)


def fit(module, *batches, epochs=1, validation=None):
    """Trains on the batches, in this order, for some epochs."""
    held = DataLoader([validation], batch_size=None) if validation else None
    found = trainer(max_epochs=epochs)
    found.fit(module, DataLoader(list(batches), batch_size=None, shuffle=False), held)
    return found


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_training_step__weighted_mean(smoothing):
    """A sample counts for its weight in the loss that is trained and logged."""
    module, features = make(HEAD, STAGES, smoothing=smoothing, rate=1e-12), torch.randn(6, 256)
    each = functional.cross_entropy(
        module.heads["task_label"](features), LABELS, reduction="none", label_smoothing=smoothing
    )
    logged = fit(module, batch(features)).callback_metrics["train_loss"]
    assert torch.isclose(logged, ((each * WEIGHTS).sum() / WEIGHTS.sum()).detach())


def test_validation_step__mean_over_batches():
    """Batches of different sizes and weights give the mean of all their samples together; each run begins anew."""
    module = make(smoothing=0.3)
    parts = [batch(rows=slice(0, 1)), batch(rows=slice(1, 4)), batch(rows=slice(4, 6))]
    judge, loaders = trainer(), [DataLoader(held, batch_size=None) for held in (parts, parts[:2], [batch()])]
    parts, some, whole = (judge.validate(module, loader, verbose=False)[0] for loader in loaders)
    logits = module.outputs(IMAGES)["label"].detach()
    each, right = functional.cross_entropy(logits, LABELS, reduction="none"), logits.argmax(1) == LABELS
    assert parts["val_loss"] == pytest.approx(float((each * WEIGHTS).sum() / WEIGHTS.sum()), rel=1e-5)
    assert parts["val_accuracy"] == pytest.approx(float((right * WEIGHTS).sum() / WEIGHTS.sum()))
    assert some["val_loss"] == pytest.approx(float((each * WEIGHTS)[:4].sum() / WEIGHTS[:4].sum()), rel=1e-5)
    assert whole == pytest.approx(parts, rel=1e-5)


@pytest.mark.parametrize("boundary", [0, 2, STAGES])
@torch.inference_mode()
def test_logits__from_any_boundary(boundary):
    """From images, from activations and from features come the same logits and loss."""
    whole = make()
    activation = whole.network.run(IMAGES, 0, boundary) if boundary else IMAGES
    module = make(HEAD if boundary == STAGES else Phase("some", 1, 0.01, boundary, STAGES), boundary)
    assert torch.allclose(module.outputs(activation)["label"], whole.outputs(IMAGES)["label"], atol=1e-5)
    assert torch.allclose(module.batch_loss(batch(activation)), whole.batch_loss(batch()), atol=1e-5)
    assert torch.allclose(whole.outputs(IMAGES)["label"].softmax(1), whole.network(IMAGES)[0], atol=1e-5)


@pytest.mark.parametrize("phase", [ALL, LAST, Phase("first", 1, 0.01, 0, 2), Phase("norms", 1, 0.01, 0, 6, "norms")])
def test_configure_optimizers__what_learns_by_stage(phase):
    """The optimizer has exactly what wants a gradient, each stage with half the rate of the one behind it."""
    module = make(phase)
    groups = fit(module, batch()).optimizers[0].param_groups
    rates = {id(value): group["initial_lr"] for group in groups for value in group["params"]}
    assert set(rates) == {id(value) for value in module.parameters() if value.requires_grad}
    stages = module.adapter.parameter_stages(module.network.backbone)
    found = {name: rates[id(value)] for name, value in module.network.backbone.named_parameters() if id(value) in rates}
    assert found == {
        name: pytest.approx(0.01 * 0.5 ** (STAGES - stages[name]))
        for name in learning_parameters(module.network, phase)
    }
    assert {rates[id(value)] for value in module.heads["task_label"].parameters()} == {0.01}


def test_configure_optimizers__head_alone():
    """Where the head learns alone, neither optimizer nor checkpoint know the backbone."""
    module = make(HEAD, STAGES)
    groups = fit(module, batch(torch.randn(6, 256))).optimizers[0].param_groups
    assert {id(value) for group in groups for value in group["params"]} == {
        id(v) for v in module.heads["task_label"].parameters()
    }
    assert {name.partition(".")[0] for name in module.state_dict()} == {"heads"}


def weights(module):
    """Parameters and buffers as they are now."""
    return {name: value.detach().clone() for name, value in module.network.state_dict().items()}


def test_fit__modes_through_the_loop():
    """Over two epochs with validation between, frozen stages keep weights and statistics bit for bit."""
    module = make(LAST, follow_batches=True)
    before = weights(module)
    fit(module, batch(), batch(), epochs=2, validation=batch())
    moved = {name for name, value in weights(module).items() if not torch.equal(before[name], value)}
    learning = r"backbone\.(blocks\.[34]|conv_head|bn2)|heads\.task_label\.linear"
    assert moved == {name for name in before if re.match(learning, name)}


def test_fit__batch_norm_frozen_through_the_loop():
    """With frozen BatchNorm no statistic moves in any stage, though all weights learn."""
    module = make(ALL, follow_batches=False)
    before = weights(module)
    fit(module, batch(), batch(), epochs=2, validation=batch())
    moved = {name for name, value in weights(module).items() if not torch.equal(before[name], value)}
    assert moved == {name for name, _ in module.network.named_parameters()}


def test_fit__steps_are_seeded_by_their_place():
    """Dropout and mixing are a function of seed and place in the run, not of what torch's generator has done."""
    found = []
    for seed, disturbed in [(1, 3), (1, 4), (2, 3)]:
        module = make(HEAD, STAGES, mixing=Mixing(mixup=0.4), dropout=0.5, seed=seed)
        torch.manual_seed(disturbed)
        fit(module, batch(torch.ones(6, 256)), batch(torch.ones(6, 256)), epochs=2)
        found.append(module.heads["task_label"].linear.weight.detach())
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def moved_anchor(module, by=0.1):
    """The learning weights, so much away from where they are."""
    return {name: value.detach() + by for name, value in module.network.backbone.named_parameters()}


def test_training_step__l2_sp_by_hand():
    """Half the squared distance of what learns from the pretrained weights, times the factor, is added."""
    plain = make(LAST, rate=1e-12)
    count = sum(value.numel() for value in plain.network.backbone.parameters() if value.requires_grad)
    pulled = make(LAST, rate=1e-12, penalties=[L2SP(0.3, moved_anchor(plain))])
    losses = [fit(module, batch()).callback_metrics["train_loss"] for module in (plain, pulled)]
    assert float(losses[1] - losses[0]) == pytest.approx(0.5 * 0.3 * 0.01 * count, rel=1e-3)


def test_fit__l2_sp_pulls_to_the_pretrained_weights():
    """With a strong pull the learning weights end nearer to the pretrained ones; frozen ones do not move at all."""
    distances = []
    for strength in (0.0, 100.0):
        module = make(LAST)
        anchor = moved_anchor(module, 0.2)
        module = make(LAST, penalties=[L2SP(strength, anchor)])
        frozen = module.network.backbone.conv_stem.weight.clone()
        fit(module, batch(), epochs=20)
        values = dict(module.network.backbone.named_parameters())
        pairs = [(values[name].detach(), anchor[name]) for name in module.learning]
        distances.append(sum(float((value - start).square().sum()) for value, start in pairs))
        assert torch.equal(module.network.backbone.conv_stem.weight, frozen)
    assert distances[1] < 0.7 * distances[0]


def test_training_step__loss_is_not_finite():
    """The run stops with one line that names epoch, batch, phase and rate, and no step is made from that batch."""
    module = make(HEAD, STAGES, rate=0.0125)
    features = torch.randn(6, 256)
    broken = features.clone()
    broken[2, 5] = float("nan")
    wanted = (
        r"^the loss is nan in batch 2 of epoch 1 of phase 'head', at a rate of 0\.00938; lower recipe\.learning_rate "
        r"or set recipe\.clip \(the last good checkpoint is kept\)$"
    )
    with pytest.raises(TrainingError, match=wanted):
        fit(module, batch(features), batch(broken))
    assert torch.isfinite(module.heads["task_label"].linear.weight).all()


def test_on_validation_epoch_end__loss_is_not_finite():
    """A network that says nan of the validation split stops the run as well."""
    broken = torch.full((6, 256), float("nan"))
    with pytest.raises(TrainingError, match="^the loss is nan on the validation split of epoch 1 of phase 'head', at"):
        fit(make(HEAD, STAGES), batch(torch.randn(6, 256)), validation=batch(broken))


def test_training_step__infinite_in_a_rate_test():
    """A learning-rate range test may go on where the loss explodes."""
    module = make(HEAD, STAGES, check_finite=False)
    fit(module, batch(torch.full((6, 256), float("inf"))))
