"""A commented domain file for a user's own images."""

import json
import os
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader

from data.config import require_project
from data.errors import SampleError, SourceError
from data.naming import ClassNames, check_domain_name, few
from data.sources import FolderSource, TableSource
from data.sources.sample import Sample
from data.specs.decoding import ALPHA, deep_range, image_facts
from data.specs.image import OBLONG
from data.specs.levels import FULL, Levels, Range, likely_range
from data.stores.atomic import atomic_path
from lightning_modules.hub.backbones import load_backbone
from registry.cards.facts import UNSAID
from settings.errors import ConfigError
from settings.machine import load_settings
from settings.yaml_files import load_yaml
from tasks.domain import DomainFile

LOOKED_AT = 20
BACKBONE = "tf_efficientnet_lite0.imagenet"
AFFORDABLE = 20_000  # images that a CPU embeds at the backbone's own size in a few minutes; more are taken smaller
SMALLEST, STEP = 64, 32  # pixels
GREY = {"1", "L", "LA", "I;16", "I;16B", "I;16L", "I", "F"}
TABLES, ARCHIVES = {".csv", ".tsv", ".jsonl", ".parquet"}, {".zip", ".tar", ".tgz", ".gz", ".rar", ".7z"}


def write_domain(
    name: str, images: Path | None, manifest: Path | str | None, size: int | None = None, intended_use: str = ""
) -> tuple[Path, dict[str, Any]]:
    """Looks at the data and writes domains/NAME.yaml, by default for the size that the backbone knows best.

    Returns its path and what was found.

    Raises:
        ConfigError: the name is taken or no name for a file.
        SourceError: there is no data, fewer than two classes, or two that differ only in case or space.
    """
    root = load_settings().root
    require_project(root)
    target = root / "domains" / f"{name}.yaml"
    check_domain_name(name)
    if target.exists():
        raise _taken(target)
    source = _source(images, manifest)
    path = source.path
    samples = list(source.samples(root, "label"))
    names = ClassNames()
    classes = sorted({names(sample.labels["label"]) for sample in samples if sample.labels})
    if len(classes) < 2:  # nothing to tell apart
        raise SourceError(_no_classes(path, classes))
    looks = _looks(root, source, samples, size)
    purpose = {"intended_use": intended_use or UNSAID, "unsaid": not intended_use}
    facts = {"name": name, "path": path, "kind": source.kind, "classes": classes, **looks, **_gate(classes), **purpose}
    page = Environment(loader=PackageLoader("flows.project", "."), autoescape=False, keep_trailing_newline=True)
    page.filters["quoted"] = quoted
    with atomic_path(target) as temporary:
        temporary.write_text(page.get_template("domain.yaml.jinja").render(facts, backbone=BACKBONE), encoding="utf-8")
        load_yaml(temporary, DomainFile)  # a file that would not load is never left behind
        _take(temporary, target)
    shown = {key: value for key, value in {**looks, "left out": "; ".join(source.notices(root))}.items() if value}
    return target, {"samples": len(samples), "classes": few(classes), **shown}


def quoted(value: Any) -> str:
    """A value as both JSON and YAML read it; what no editor shows, and what YAML takes for a line's end, is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in text)


def _take(temporary: Path, target: Path) -> None:
    """Gives the file its name, if nobody was faster: of two domains of one name none takes the other's place."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise _taken(target) from None
    except OSError:  # a file system without links, where the rename that follows has to do
        return


def _taken(target: Path) -> ConfigError:
    return ConfigError(f"{target} exists already; choose another name or edit that file")


def _source(images: Path | None, manifest: Path | str | None) -> FolderSource | TableSource:
    given = str(images or manifest)
    path = given if "://" in given else str(Path(given).resolve())
    return FolderSource(kind="folder", path=path) if images else TableSource(kind="table", path=path)


def _no_classes(path: str, classes: list[str]) -> str:
    """What to do where there are fewer than two classes; often the folder above or below was meant, or a table."""
    there = f"one class ({classes[0]!r})" if classes else "no class"
    found = f"{path} has {there}, at least 2 are needed"
    if not Path(path).is_dir():
        return f"{found}; add rows with a label"
    files = sorted(Path(path).glob("*"))
    for suffixes, told in ((TABLES, "a table lies there: name it with --manifest"), (ARCHIVES, "unpack")):
        if beside := next((file for file in files if file.suffix.lower() in suffixes), None):
            return f"{found}; {told} {beside}"
    inside = f", or name {Path(path) / classes[0]} if they lie in there" if classes else ""
    return f"{found}; put each class into a folder of its own{inside}"


def _looks(root: Path, source: FolderSource | TableSource, samples: list[Sample], size: int | None) -> dict[str, Any]:
    """Grey or colour, the size and what else a few images, spread over the whole, say; `size` is what was asked for."""
    contents = _contents(root, source, samples[:: max(1, len(samples) // LOOKED_AT)][:LOOKED_AT])
    meant = _range(contents)
    found = [image_facts(content, levels=Levels(meant)) for content in contents]
    facts = [fact for fact in found if fact.error is None]
    if not facts:
        raise SampleError(f"none of {len(found)} files looked at is an image that can be read: {found[0].error}")
    grey = all(fact.mode in GREY for fact in facts)
    side = sorted(min(fact.width, fact.height) for fact in facts)[len(facts) // 2]
    oblong = sorted(max(fact.width, fact.height) / min(fact.width, fact.height) for fact in facts)[len(facts) // 2]
    ink = sum(fact.mode in ALPHA and fact.brightness < 1 for fact in facts)  # nothing but transparency is not black
    chosen, why = (size, "as you asked") if size else _size(root, side, len(samples))
    return {
        "mode": "L" if grey else "RGB",
        "size": chosen,
        "why": why,
        "fit": "letterbox" if oblong >= OBLONG else "crop",
        "value_range": "" if meant is None else "[{:.0f}, {:.0f}]".format(*meant),
        "background": "white" if ink > len(facts) / 2 else "",
    }


def _size(root: Path, side: int, samples: int) -> tuple[int, str]:
    """The size that the backbone was pretrained at, which small images are enlarged to, or what many images leave.

    Never less than the images' own size up to that of the backbone.
    """
    known = load_backbone(root, BACKBONE).input.length
    own = min(known, max(SMALLEST, STEP * round(side / STEP)))
    affordable = int(known * min(1.0, (AFFORDABLE / samples) ** 0.5)) // STEP * STEP
    if affordable >= known:
        told = "the size that the backbone was pretrained at"
        return known, f"{told}; your images are {side}" if side < known else told
    return max(own, affordable), f"smaller than the backbone's {known}, as {samples} images cost time"


def _contents(root: Path, source: FolderSource | TableSource, samples: list[Sample]) -> list[bytes]:
    """Bytes of the files that are there; the others will go to quarantine.

    Raises:
        SourceError: none is there.
    """
    contents, faults = [], []
    for sample in samples:
        try:
            contents.append(source.read(root, sample.path))
        except SourceError as error:
            faults.append(error)
    if not contents:
        raise faults[0]
    return contents


def _range(contents: list[bytes]) -> Range | None:
    """Black and white of deep files, which all of them share; None where there are none."""
    extents = [extent for content in contents if (extent := deep_range(content)) is not None]
    if not extents:
        return None
    lowest, highest = min(low for low, _ in extents), max(high for _, high in extents)
    return likely_range(lowest, highest) or FULL


def _gate(classes: list[str]) -> dict[str, Any]:
    """A floor just above guessing: area under the curve for two classes, balanced accuracy for more."""
    return (
        {"metric": "auc", "floor": 0.5}
        if len(classes) == 2
        else {"metric": "balanced_accuracy", "floor": round(1 / len(classes), 3)}
    )
