"""What can be ranked: backbones whose weights are at hand, and image sizes that the stored pixels hold."""

from collections.abc import Sequence
from pathlib import Path

from lightning_modules.errors import BackboneError
from lightning_modules.hub.backbones import Backbone, HubWeights, load_backbone, load_hub
from settings.errors import ConfigError

SMALLEST = 8
STEP = 16  # default sizes are multiples of it, so that most transformers can cut them into patches
SHARES = 1.0, 0.75, 0.5


def find_backbones(root: Path, names: Sequence[str] = ()) -> tuple[tuple[str, ...], dict[str, str]]:
    """The named backbones whose weights are at hand, and the reason why each other is not; by default the whole hub.

    Only weights that are asked for by name are downloaded.

    Raises:
        BackboneError: a name is not in the hub, or no weights are at hand.
    """
    cards = {name: load_backbone(root, name) for name in names or load_hub(root)}
    reasons = {name: _absence(root, card, download=bool(names)) for name, card in cards.items()}
    absent = {name: reason for name, reason in reasons.items() if reason}
    if len(absent) == len(cards):
        raise BackboneError(f"no backbone can be ranked: {'; '.join(absent.values())}")
    return tuple(name for name in cards if name not in absent), absent


def image_sizes(stored: int, sizes: Sequence[int] = ()) -> tuple[int, ...]:
    """The sizes asked for, each once; by default the stored one and about three quarters and half of it.

    Raises:
        ConfigError: a size is above the stored one, or too small to show anything.
    """
    for size in sizes:
        if not SMALLEST <= size <= stored:
            raise ConfigError(
                f"size {size} is not between {SMALLEST} and {stored}, the side that images are stored at; choose one "
                "within these, or raise data.transform.size and prepare again"
            )
    smaller = (max(SMALLEST, int(share * stored) // STEP * STEP) for share in SHARES[1:])
    return tuple(dict.fromkeys(sizes or (stored, *smaller)))


def _absence(root: Path, card: Backbone, *, download: bool) -> str | None:
    source = card.source
    if isinstance(source, HubWeights) and not download:
        from huggingface_hub import try_to_load_from_cache  # only this source needs the network client

        if not isinstance(try_to_load_from_cache(source.repository, source.file, revision=card.revision), str):
            return f"{source.repository} was never downloaded; name it in --backbones to fetch it"
    try:
        card.weights(root)
    except BackboneError as error:
        return str(error)
    return None
