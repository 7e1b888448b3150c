"""Exactly what a recipe says learns, and nothing else moves."""

import json
import re
from contextlib import contextmanager
from itertools import pairwise

import pytest
import torch
from timm.layers import DropPath
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from lightning_modules.config import TrainingConfig
from lightning_modules.errors import RecipeError
from lightning_modules.learning.learner import Learner
from lightning_modules.learning.optimizer import Optimization
from lightning_modules.network.lora import adapters
from lightning_modules.objectives.loss import Loss
from lightning_modules.objectives.mixing import Mixing
from lightning_modules.recipes.phase import Phase
from lightning_modules.recipes.trainable import learning_parameters, set_modes
from tests.lightning_modules.networks import network

LITE, RESNET, CONVNEXT, VIT = "tf_efficientnet_lite0", "resnet18", "convnext_atto", "vit_tiny_patch16_224"
FAMILIES = [LITE, RESNET, CONVNEXT, VIT]
FIRST_TWO = {
    LITE: r"conv_stem|bn1|blocks\.0",
    RESNET: r"conv1|bn1|layer1",
    CONVNEXT: r"stem|stages\.0",
    VIT: r"cls_token|pos_embed|patch_embed|blocks\.0",
}
LAST_TWO = {
    LITE: r"blocks\.[56]|conv_head|bn2",
    RESNET: r"layer[34]",
    CONVNEXT: r"stages\.[23]|head",
    VIT: r"blocks\.1[01]|norm",
}
HEAD = {"heads.task_label.linear.weight", "heads.task_label.linear.bias"}
NORMS = {
    LITE: r".*\bbn",
    RESNET: r".*(\bbn|downsample\.1)",
    CONVNEXT: r".*(norm|stem\.1|downsample\.0)",
    VIT: r".*norm",
}
# What the last phase of a recipe may move, by family; the head learns in each.
LEARN = {
    "linear_probe": lambda family: "$",
    "lp_ft": lambda family: ".*",
    "full": lambda family: ".*",
    "gradual_unfreezing": lambda family: ".*",
    "partial": LAST_TWO.__getitem__,
    "surgical": FIRST_TWO.__getitem__,
    "norm_only": NORMS.__getitem__,
    "bitfit": lambda family: r".*\.bias$",
    "lora": lambda family: r".*\.lora_[AB]\.",
}


def lively(family, **options):
    """A network of random weights; none is zero, as many are at first, since nothing before them would learn."""
    torch.manual_seed(0)
    found = network(family, size=32, **options)
    nn.init.normal_(found.head("label").linear.weight)
    with torch.no_grad():
        for value in found.backbone.state_dict().values():
            if value.ndim == 1:
                value.uniform_(0.5, 1.5)
    return found


def phases(kind, net):
    """The phases of a recipe with its defaults."""
    content = {"backbone": "b", "recipe": {"kind": kind}}
    return TrainingConfig.model_validate_json(json.dumps(content)).recipe.phases(len(net.adapter.stages(net.backbone)))


@contextmanager
def adapted(net, phase):
    """Adapters where the phase trains such; they stay in the network, to be looked at."""
    if phase.learns != "adapters":
        yield
        return
    with adapters(net, 2, 4.0):
        for name, value in net.backbone.named_parameters():
            if "lora_B" in name:
                nn.init.normal_(value, std=0.01)
        yield


def classifier(net, phase, *, follow_batches=False):
    """The module of one phase, from images."""
    optimization = Optimization(0.01, 0.1, 1.0, "cosine", 0.1)
    criteria = {"label": Loss(torch.ones(2), 0.0, 0.0)}
    options = {"mixing": Mixing(), "optimization": optimization, "follow_batches": follow_batches}
    found = Learner(net, phase, boundary=0, criteria=criteria, **options)
    return found.train()


def step(module):
    """One step of gradient descent on four random images, with everything that wants a gradient."""
    generator = torch.Generator().manual_seed(3)
    inputs = torch.randint(0, 256, (4, 32, 32, 3), dtype=torch.uint8, generator=generator)
    targets = {"label": torch.tensor([0, 1, 1, 0])}
    batch = {"inputs": inputs, "targets": targets, "weights": torch.ones(4), "total": torch.tensor(4)}
    module.batch_loss(batch).backward()
    for value in module.parameters():
        if value.grad is not None:
            value.data.add_(value.grad, alpha=-1.0)


def copied(tensors):
    """Named tensors as they are now."""
    return {name: value.detach().clone() for name, value in tensors}


def changed(before, tensors):
    """Names of those that are not bit for bit what they were."""
    return {name for name, value in tensors if not torch.equal(before[name], value)}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", LEARN)
def test_learning__each_recipe_on_each_family(kind, family):
    """In the last phase exactly the recipe's parameters want a gradient, and only they and the head move."""
    net = lively(family)
    phase = phases(kind, net)[-1]
    with adapted(net, phase):
        module = classifier(net, phase)
        before = copied(net.named_parameters())
        wanted = {name for name in before if re.match(rf"(backbone\.({LEARN[kind](family)})|heads\.)", name)}
        assert {name for name, value in net.named_parameters() if value.requires_grad} == wanted
        assert {f"backbone.{name}" for name in module.learning} | HEAD == wanted
        step(module)
        assert changed(before, net.named_parameters()) == wanted


@pytest.mark.parametrize("family", FAMILIES)
def test_learning__gradual_unfreezing(family):
    """Every phase adds the parameters of one stage and gives none up; the first has none, the last all."""
    net = lively(family)
    found = [set(learning_parameters(net, phase)) for phase in phases("gradual_unfreezing", net)]
    assert all(earlier < later for earlier, later in pairwise(found))
    assert (found[0], found[-1]) == (set(), {name for name, _ in net.backbone.named_parameters()})
    assert {name for name in found[2] if not re.match(LAST_TWO[family], name)} == set()


def test_learning__prototype_has_no_phase():
    """Prototypes are computed, so that nothing learns."""
    assert phases("prototype", lively("test_resnet")) == ()


@pytest.mark.parametrize("family", FAMILIES)
def test_set_modes__frozen_stages(family):
    """BatchNorm, dropout and drop path of frozen stages stay out of training mode; those of learning ones are in it."""
    net = lively(family, drop_path=0.2, dropout=0.3)
    phase = phases("partial", net)[-1]
    set_modes(net.train(), phase, follow_batches=True)
    kinds = (_BatchNorm, nn.LayerNorm, nn.Dropout, DropPath)
    modes = {name: module.training for name, module in net.backbone.named_modules() if isinstance(module, kinds)}
    learning = {name for name in modes if re.match(LAST_TWO[family], name)}
    ends = {"pos_drop", "head_drop"}  # of no weights, and never used with a rate
    assert {name for name, training in modes.items() if training} - ends == learning
    assert any("drop_path" in name for name in learning) or family == RESNET
    assert net.head("label").training


@pytest.mark.parametrize("family", [LITE, RESNET])
def test_set_modes__batch_norm_frozen(family):
    """With `batch_norm: frozen` a step leaves every statistic bit for bit as it was."""
    net = lively(family)
    module = classifier(net, phases("full", net)[-1], follow_batches=False)
    before = copied(net.backbone.named_buffers())
    step(module)
    assert changed(before, net.backbone.named_buffers()) == set()


@pytest.mark.parametrize("family", [LITE, RESNET])
@pytest.mark.parametrize("kind", ["full", "partial", "surgical", "linear_probe", "norm_only"])
def test_set_modes__batch_norm_follows(kind, family):
    """With `batch_norm: train` the statistics of learning stages follow the batch, and no others."""
    net = lively(family)
    module = classifier(net, phases(kind, net)[-1], follow_batches=True)
    before = copied(net.backbone.named_buffers())
    step(module)
    learn = ".*" if kind == "norm_only" else LEARN[kind](family)
    wanted = {name for name in before if re.match(learn, name)}
    assert changed(before, net.backbone.named_buffers()) == wanted


class Bare(nn.Module):
    """A backbone with neither norms nor biases nor a layer that takes an adapter."""

    num_features = 3

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, groups=3, bias=False)

    def forward(self, images):
        """Means of the channels."""
        return self.conv(images).mean((2, 3))

    def group_matcher(self, coarse=False):
        """One group."""
        return {"stem": "conv"}


@pytest.mark.parametrize(("kind", "lacks"), [("norm_only", "norms"), ("bitfit", "biases")])
def test_learning_parameters__backbone_has_none(kind, lacks):
    """A recipe for parameters that the backbone has not is one line with recipe, backbone and remedy."""
    net = lively("test_resnet")
    net.backbone = Bare()
    wanted = rf"^phase '{lacks}' trains {lacks}, of which Bare has none in stages 0 to 1; choose another recipe$"
    with pytest.raises(RecipeError, match=wanted):
        learning_parameters(net, phases(kind, net)[-1])


def test_learning_parameters__family_without_known_stages():
    """There the whole network is one stage, which full fine-tuning trains and surgical with more stages refuses."""
    net = lively("regnetx_002")
    assert len(learning_parameters(net, Phase("all", 1, 0.1, 0, 1))) == len(list(net.backbone.parameters()))
    with pytest.raises(RecipeError, match="recipe surgical: stages is 2, the backbone has 1; choose 1 to 1"):
        phases("surgical", net)


def test_network__no_branches_to_drop():
    """Drop-path on a family without branches is one line."""
    with pytest.raises(RecipeError, match="vgg11 has no drop_path"):
        network("vgg11", drop_path=0.1)
