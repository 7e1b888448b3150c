"""Stages: run one after another they are the backbone, and every part of it belongs to the right one."""

import copy
import re

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from lightning_modules.errors import BackboneError
from lightning_modules.network.libraries.timm import TimmAdapter
from tests.lightning_modules.networks import network

LITE, RESNET, CONVNEXT, VIT = "tf_efficientnet_lite0", "resnet18", "convnext_atto", "vit_tiny_patch16_224"
TIMM = TimmAdapter()
FAMILIES = [LITE, RESNET, CONVNEXT, VIT]
NAMES = {
    LITE: ["stem", *(f"blocks.{number}" for number in range(7))],
    RESNET: ["stem", "layer1", "layer2", "layer3", "layer4"],
    CONVNEXT: ["stem", *(f"stages.{number}" for number in range(4))],
    VIT: ["stem", *(f"blocks.{number}" for number in range(12))],
}
STEMS = {
    LITE: "conv_stem|bn1",
    RESNET: "conv1|bn1",
    CONVNEXT: "stem",
    VIT: "cls_token|pos_embed|patch_embed",
}
ENDS = {LITE: "conv_head|bn2", RESNET: "fc", CONVNEXT: "head", VIT: "norm"}


@pytest.fixture(scope="module")
def backbones():
    """One backbone of each family, with random weights and statistics."""
    torch.manual_seed(0)
    return {family: backbone(family) for family in FAMILIES}


def backbone(family):
    """A backbone of random weights whose norms do something."""
    found = network(family, size=32).backbone.eval()
    with torch.no_grad():
        for value in found.state_dict().values():
            if value.ndim == 1:
                value.uniform_(0.5, 1.5)
    return found


@pytest.fixture(scope="module")
def images():
    """Two normalised images."""
    return torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("family", FAMILIES)
def test_stages__of_the_families(backbones, family):
    """The stages are those that the family's papers count."""
    assert list(TIMM.stages(backbones[family])) == NAMES[family]


@pytest.mark.parametrize("family", FAMILIES)
@torch.inference_mode()
def test_run__every_boundary(backbones, images, family):
    """Left and entered again at any boundary, the network says what it says by itself."""
    net = backbones[family]
    wanted = net(images)
    for boundary in range(len(NAMES[family]) + 1):
        activation = TIMM.run(net, images, 0, boundary)
        assert torch.equal(TIMM.run(net, activation, boundary), wanted)
    assert wanted.std() > 0


@pytest.mark.parametrize("family", FAMILIES)
@torch.inference_mode()
def test_run__activations_of_the_own_forward(backbones, images, family):
    """The activation at a boundary is what that module gives while the backbone runs by itself."""
    net, seen = backbones[family], {}
    inner = NAMES[family][1:-1]
    hooks = [
        net.get_submodule(name).register_forward_hook(lambda module, _, output, name=name: seen.update({name: output}))
        for name in inner
    ]
    net(images)
    for hook in hooks:
        hook.remove()
    for boundary, name in enumerate(inner, start=2):
        assert torch.equal(TIMM.run(net, images, 0, boundary), seen[name])


@pytest.mark.parametrize("family", FAMILIES)
def test_parameter_stages__by_their_names(backbones, family):
    """Stem, blocks and what follows the last block are each where they run; no parameter is left out."""
    net, last = backbones[family], len(NAMES[family]) - 1
    found = TIMM.parameter_stages(net)
    assert set(found) == {name for name, _ in net.named_parameters()}
    for name, stage in found.items():
        assert stage == expected(family, name, last), name


def expected(family, name, last):
    """The stage by the name of parameter or module."""
    if re.match(STEMS[family], name):
        return 0
    if re.match(ENDS[family], name):
        return last
    return next(number for number, stage in enumerate(NAMES[family]) if f"{name}.".startswith(f"{stage}."))


@pytest.mark.parametrize("family", FAMILIES)
def test_module_stages__by_their_names(backbones, family):
    """Modules, those without parameters as well, belong where they run."""
    net, last = backbones[family], len(NAMES[family]) - 1
    found = TIMM.module_stages(net)
    placed = [name for name in found if re.match(rf"{STEMS[family]}|{ENDS[family]}|\w+\.\d|layer\d", name)]
    assert {name: found[name] for name in placed} == {name: expected(family, name, last) for name in placed}
    assert set(found) == {name for name, _ in net.named_modules() if name}
    assert not [name for name in set(found) - set(placed) if "drop_path" in name or "bn" in name]


@pytest.mark.parametrize("family", FAMILIES)
@torch.inference_mode()
def test_run__copied(backbones, images, family):
    """A copied backbone runs its own modules, and the original keeps running its own."""
    net = backbones[family]
    before, twin = TIMM.run(net, images), copy.deepcopy(net)
    for value in twin.parameters():
        value.zero_()
    assert torch.equal(TIMM.run(net, images), before)
    assert torch.equal(TIMM.run(twin, images), twin(images))
    assert not torch.equal(TIMM.run(twin, images), before)


@torch.inference_mode()
def test_stages__unknown_family(images):
    """A family whose stages are not known is one stage: the whole network."""
    net = backbone("regnetx_002")
    assert TIMM.stages(net) == ("whole",)
    assert torch.equal(TIMM.run(net, images), net(images))
    assert TIMM.run(net, images, 0, 0) is images
    assert set(TIMM.parameter_stages(net).values()) == set(TIMM.module_stages(net).values()) == {0}


def test_load__other_architecture(tmp_path):
    """Tensors of another network are refused, and the first misfit is named."""
    save_file({f"layer{number}": torch.zeros(3, 3) for number in range(400)}, tmp_path / "other.safetensors")
    backbone = network("tf_efficientnet_lite0").backbone
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    with pytest.raises(BackboneError, match="does not fit the network: conv_stem.weight"):
        TimmAdapter().load_weights(backbone, tmp_path / "other.safetensors")
    assert all(torch.equal(value, before[name]) for name, value in backbone.state_dict().items())


def test_load__too_few_tensors(tmp_path, random_weights):
    """A file that ends early is refused, not half loaded."""
    tensors = load_file(random_weights)
    renamed = {f"_{number}": value for number, value in enumerate(list(tensors.values())[:100])}
    save_file(renamed, tmp_path / "half.safetensors")
    backbone = network("tf_efficientnet_lite0").backbone
    with pytest.raises(BackboneError, match="does not fit the network"):
        TimmAdapter().load_weights(backbone, tmp_path / "half.safetensors")


@pytest.mark.parametrize(
    ("architecture", "side"),
    [
        ("deit_tiny_distilled_patch16_224", 96),
        ("swin_tiny_patch4_window7_224", 96),
        ("beit_base_patch16_224", 96),
        pytest.param("swinv2_tiny_window8_256", 128, marks=pytest.mark.long),
        pytest.param("eva02_tiny_patch14_224", 112, marks=pytest.mark.long),
    ],
)
def test_load__pretrained_at_another_side(tmp_path, architecture, side):
    """Position embeddings and bias tables are brought to the images' side, as timm does where it loads them itself."""
    path, given = tmp_path / "model.safetensors", timm.create_model(architecture).state_dict()
    save_file({name: torch.rand_like(value) if "pos" in name else value for name, value in given.items()}, path)
    wanted = timm.create_model(
        architecture, pretrained=True, pretrained_cfg_overlay={"file": str(path)}, img_size=side, num_classes=0
    ).state_dict()
    backbone = network(architecture, size=side).backbone
    TIMM.load_weights(backbone, path)
    found = backbone.state_dict()
    assert found.keys() == wanted.keys()
    assert not [name for name, value in found.items() if not torch.equal(value, wanted[name])]


def test_load__another_width_at_another_side(tmp_path):
    """A transformer of other width is found out, however its positions would have been resampled."""
    save_file(timm.create_model("vit_tiny_patch16_224").state_dict(), tmp_path / "tiny.safetensors")
    backbone = network("vit_small_patch16_224", size=96).backbone
    with pytest.raises(BackboneError, match="does not fit the network: "):
        TIMM.load_weights(backbone, tmp_path / "tiny.safetensors")
