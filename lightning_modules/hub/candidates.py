"""What can be ranked: backbones whose weights are at hand, and the image sizes to try."""

from collections.abc import Sequence
from pathlib import Path

from lightning_modules.errors import BackboneError
from lightning_modules.hub.backbones import Backbone, HuggingFaceWeights, Pretrained, load_backbone, load_hub
from settings.errors import ConfigError

SMALLEST = 8
STEP = 16  # default sizes are multiples of it, so that most transformers can cut them into patches
SHARES = 1.0, 0.75, 0.5
COSTLY = 384  # larger sizes are ranked only where they are asked for
FAR = 1.5


def find_backbones(root: Path, names: Sequence[str] = ()) -> tuple[tuple[Pretrained, ...], dict[str, str]]:
    """The named backbones whose weights are at hand, and the reason why each other is not; by default the whole hub.

    Only weights that are asked for by name are downloaded.

    Raises:
        BackboneError: a name is not in the hub, or no weights are at hand.
    """
    cards = {name: load_backbone(root, name) for name in names} or load_hub(root)
    found = {name: _at_hand(root, name, card, download=bool(names)) for name, card in cards.items()}
    absent = {name: reason for name, reason in found.items() if isinstance(reason, str)}
    if len(absent) == len(cards):
        raise BackboneError(f"no backbone can be ranked: {'; '.join(absent.values())}")
    return tuple(one for one in found.values() if not isinstance(one, str)), absent


def image_sizes(stored: int, known: int, sizes: Sequence[int] = ()) -> tuple[int, ...]:
    """The sizes asked for, each once; by default the stored one, about three quarters and half of it, and larger ones.

    `known` is the largest size that one of the backbones was pretrained at. By default it is ranked up to `COSTLY`,
    with one between where it is far from the stored one.

    Raises:
        ConfigError: a size is above both, or too small to show anything.
    """
    most = max(stored, known)
    for size in sizes:
        if not SMALLEST <= size <= most:
            raise ConfigError(
                f"size {size} is not between {SMALLEST} and {most}, the larger of data.transform.size and what the "
                "backbones were pretrained at; choose one within these"
            )
    smaller = [max(SMALLEST, int(share * stored) // STEP * STEP) for share in SHARES[1:]]
    top = min(known, max(stored, COSTLY))
    between = [(stored + top) // 2 // STEP * STEP] if top >= FAR * stored else []
    larger = [top, *between] if top > stored else []
    return tuple(dict.fromkeys(sizes or (*larger, stored, *smaller)))


def _at_hand(root: Path, name: str, card: Backbone, *, download: bool) -> Pretrained | str:
    """A backbone with its checked weights, or the reason why it cannot be had."""
    source = card.source
    if isinstance(source, HuggingFaceWeights) and not download:
        from huggingface_hub import try_to_load_from_cache  # only this source needs the network client

        if not isinstance(try_to_load_from_cache(source.repository, source.file, revision=card.revision), str):
            return f"{source.repository} was never downloaded; name it in --backbones to fetch it"
    try:
        return card.verified(root, name)
    except BackboneError as error:
        return str(error)
