"""AdamW by stage, and the rate over the steps."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from lightning_modules.learning.optimizer import Optimization, cosine_share
from tests.lightning_modules.networks import network


def optimization(schedule="cosine", warmup=0.1, decay=0.5):
    """A peak of 0.01, with half the rate a stage."""
    return Optimization(0.01, 0.3, decay, schedule, warmup)


def rates(schedule, steps, warmup=0.1, groups=(0.01,)):
    """The rate of every group in every step."""
    learning = [(str(number), nn.Parameter(torch.ones(1)), number) for number in range(len(groups))]
    chosen = optimization(schedule, warmup)
    optimizer = chosen.optimizer(learning)
    scheduler, found = chosen.scheduler(optimizer, steps), []
    for _ in range(steps):
        found.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    return torch.tensor(found, dtype=torch.float64)


@pytest.mark.parametrize("family", ["test_efficientnet", "test_convnext", "test_vit"])
def test_optimizer__rate_by_stage_and_decay_by_kind(family):
    """A stage has half the rate of the next; norms, biases and what there is one of do not decay; nothing is lost."""
    made = network(family)
    backbone = made.backbone
    stages, count = made.adapter.parameter_stages(backbone), len(made.adapter.stages(backbone))
    learning = [(name, value, count - stages[name]) for name, value in backbone.named_parameters()]
    groups = optimization().optimizer(learning).param_groups
    found = {id(value): (group["lr"], group["weight_decay"]) for group in groups for value in group["params"]}
    assert sum(len(group["params"]) for group in groups) == len(found) == len(learning)
    for name, value, distance in learning:
        plain = value.ndim == 1 or name in {"pos_embed", "cls_token", "reg_token"}
        assert found[id(value)] == (pytest.approx(0.01 * 0.5**distance), 0.0 if plain else 0.3), name
    assert {distance for _, _, distance in learning} == set(range(1, count + 1))


def test_optimizer__norms_are_plain():
    """The rule by shape finds every norm and bias, also LayerNorm over images and embeddings of position."""
    backbone = network("test_vit").backbone
    learning = [(name, value, 0) for name, value in backbone.named_parameters()]
    decayed, plain = sorted(optimization().optimizer(learning).param_groups, key=lambda group: -group["weight_decay"])
    names = {id(value): name for name, value, _ in learning}
    assert all(names[id(value)].endswith("weight") for value in decayed["params"])
    wanted = {name for name in names.values() if "norm" in name or name.endswith(("bias", "_embed", "_token", "gamma"))}
    assert {names[id(value)] for value in plain["params"]} == wanted


def test_scheduler__cosine():
    """Ten steps up in even parts, then half a cosine to zero, and each group from its own peak."""
    found = rates("cosine", 100, groups=(0.01, 0.005))
    assert torch.allclose(found[:11, 0], 0.01 * torch.arange(1, 12).double() / 11)
    middle = found[10:, 0]
    assert torch.allclose(middle, 0.005 * (1 + torch.cos(torch.pi * torch.arange(90).double() / 90)))
    assert torch.allclose(found[:, 1], found[:, 0] / 2)


def test_scheduler__one_cycle():
    """From a 25th to the peak in the share of the warm-up, then down to almost nothing; by each group's peak."""
    found = rates("one_cycle", 100, warmup=0.3, groups=(0.01, 0.005))
    assert found[0].tolist() == pytest.approx([0.0004, 0.0002])
    assert found[:, 0].argmax() == 29
    assert found[29].tolist() == pytest.approx([0.01, 0.005])
    assert found[-1, 0] < 1e-6
    assert (found[:29, 0].diff() > 0).all()
    assert (found[29:, 0].diff() < 0).all()


def test_cosine_share__without_warmup():
    """It starts at the peak, is half of it in the middle and nothing at the end, also beyond it."""
    assert [cosine_share(step, 10, 0.0) for step in (0, 5, 10, 11)] == pytest.approx([1, 0.5, 0, 0])


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("steps", [1, 2, 3, 9, 10, 11, 200])
def test_scheduler__any_number_of_steps(schedule, warmup, steps):
    """However few steps there are, each has a rate above zero that is no higher than the peak."""
    found = rates(schedule, steps, warmup)
    assert 0 < found.min() <= found.max() <= 0.01 + 1e-12
    assert steps < 10 or found.max() > 0.009


@pytest.mark.parametrize("architecture", ["deit_tiny_distilled_patch16_224", "swin_tiny_patch4_window7_224"])
def test_optimizer__what_the_backbone_exempts(architecture):
    """Distillation tokens and tables of relative positions do not decay; such networks take other sides, too."""
    made = network(architecture, size=96)
    undecayed = made.adapter.undecayed(made.backbone)
    learning = [(name, value, 0) for name, value in made.backbone.named_parameters()]
    groups = optimization().optimizer(learning, undecayed).param_groups
    decayed = {id(value) for group in groups for value in group["params"] if group["weight_decay"]}
    single = [name for name, value, _ in learning if id(value) in decayed and name.endswith(("token", "bias_table"))]
    assert (single, bool(undecayed)) == ([], True)
    assert made.run(torch.zeros(1, 96, 96, 1)).shape == (1, made.adapter.features(made.backbone))


@pytest.mark.parametrize("swept", [False, True])
def test_optimizer__set_to_one_rate(swept):
    """A range test moves every stage by its own share of the rate, and reads back the rate that it set."""
    learning = [("head", nn.Parameter(torch.ones(1)), 0), ("stem", nn.Parameter(torch.ones(1)), 3)]
    optimizer = replace(optimization(), swept=swept).optimizer(learning)
    for group, (_, value, _) in zip(optimizer.param_groups, learning, strict=True):
        group["lr"], value.grad = 0.4, torch.ones(1)
    optimizer.step()
    moved = [1 - value.item() for _, value, _ in learning]
    assert moved == pytest.approx([0.4, 0.4 * 0.5**3 if swept else 0.4])
    assert [group["lr"] for group in optimizer.param_groups] == [0.4, 0.4]
