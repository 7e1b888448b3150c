"""What is at hand is ranked, what is not is named with its reason."""

import json

import pytest

from lightning_modules.errors import BackboneError
from lightning_modules.hub.candidates import find_backbones, image_sizes
from settings.errors import ConfigError

SHIPPED = "tf_efficientnet_lite0.imagenet"


def test_find_backbones__whole_hub(tmp_path, make_card, random_weights):
    """Files that are there are found; a missing file and weights never downloaded have their reason."""
    mine, gone = make_card({"kind": "file", "file": str(random_weights)}), make_card({"kind": "file", "file": "gone"})
    cards = {"mine": mine.model_dump(mode="json"), "gone": gone.model_dump(mode="json")}
    (tmp_path / "backbones.yaml").write_text(json.dumps(cards))
    there, absent = find_backbones(tmp_path)
    assert [one.name for one in there] == [SHIPPED, "mine"]
    assert "missing" in absent["gone"]
    assert "was never downloaded; name it in --backbones" in absent["tf_efficientnet_lite0.in1k"]


def test_find_backbones__named(tmp_path):
    """Only those that are named, in their order; a download that fails is a reason; a wrong name is an error."""
    there, absent = find_backbones(tmp_path, ("tf_efficientnet_lite0.in1k", SHIPPED))
    assert [one.name for one in there] == [SHIPPED]
    assert "no download" in absent["tf_efficientnet_lite0.in1k"]
    with pytest.raises(BackboneError, match="'nope' is not in the hub"):
        find_backbones(tmp_path, (SHIPPED, "nope"))


def test_find_backbones__none_at_hand(tmp_path):
    """With nothing to rank the reason is the error."""
    with pytest.raises(BackboneError, match="no backbone can be ranked: timm/.*no download"):
        find_backbones(tmp_path, ("tf_efficientnet_lite0.in1k",))


@pytest.mark.parametrize(
    ("stored", "known", "expected"),
    [
        (224, 224, (224, 160, 112)),
        (32, 8, (32, 16)),
        (8, 8, (8,)),
        (128, 224, (224, 176, 128, 96, 64)),
        (192, 224, (224, 192, 144, 96)),
        (224, 518, (384, 304, 224, 160, 112)),
        (448, 518, (448, 336, 224)),
    ],
)
def test_image_sizes__default(stored, known, expected):
    """The stored size, smaller ones that most backbones take, and larger ones that they know and that are cheap."""
    assert image_sizes(stored, known) == expected


@pytest.mark.parametrize("size", [7, 33, 0, -1])
def test_image_sizes__out_of_range(size):
    """A size above the stored one and all that backbones know is one clear error."""
    with pytest.raises(ConfigError, match=f"size {size} is not between 8 and 32"):
        image_sizes(32, 24, (16, size))
    assert image_sizes(32, 64, (16, 64, 16)) == (16, 64)
