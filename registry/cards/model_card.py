"""The model card: what a person reads before trusting a version, filled from its run."""

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.stores.atomic import write_text
from data.stores.dataset import Dataset
from evaluation.inference.interval import Interval
from evaluation.report.evaluate import Evaluation
from registry.cards.crosswalk import evidence_in
from registry.cards.facts import UNSAID, Facts, split_sizes
from registry.package.package import Package

if TYPE_CHECKING:
    from huggingface_hub import ModelCardData

NAME = "model_card.md"
OTHERS = ("data_card.json", "bom.json")
FIELDS: dict[str, tuple[str, ...]] = {
    "Intended use": (),
    "Data": ("Version", "Classes", "Samples"),
    "Training": ("Recipe", "Backbone", "Revision", "Licence", "sha256", "Seed", "Code"),
    "Metrics": (),
    "Slices": (),
    "Calibration": ("Temperature", "Calibration error", "Parity"),
    "Limits": (),
    "Energy and time": ("Time", "Energy"),
    "Evidence": (),
}
_EMPTY = {"", "nan", "none", "unknown", "not stated", "not stated.", UNSAID.lower()}


def write_model_card(package: Package, dataset: Dataset, facts: Facts, evaluation: Evaluation) -> None:
    """Writes model_card.md: metadata of the Hugging Face hub's form, then sections for people.

    Raises:
        StorageError: the disk refused the write.
    """
    from huggingface_hub import ModelCard

    card = ModelCard.from_template(
        _metadata(package, facts, evaluation),
        template_path=str(Path(__file__).with_name("model_card.md.jinja")),
        facts=facts,
        rows=_rows,
        data=_data(dataset, facts),
        training=_training(facts),
        evaluation=evaluation,
        level=f"{evaluation.level:.0%}",
        metrics=_table((name, *_shown(found)) for name, found in evaluation.metrics.items()),
        slices=_slices(evaluation),
        disparities=_disparities(evaluation),
        calibration=_calibration(package, facts, evaluation),
        limits=_limits(package, evaluation),
        cost=_cost(facts),
        evidence=_evidence(package),
    )
    write_text(package.folder / NAME, str(card))


def card_gaps(folder: Path) -> tuple[str, ...]:
    """Names what is missing or empty in a package's cards; nothing when they are complete."""
    absent = tuple(name for name in (NAME, *OTHERS) if not (folder / name).is_file())
    if NAME in absent:
        return absent
    sections = _sections((folder / NAME).read_text(encoding="utf-8"))
    empty = [name for name in FIELDS if _is_empty(sections.get(name, ""))]
    fields = [(name, field) for name, wanted in FIELDS.items() if name not in empty for field in wanted]
    gaps = [f"{name}: {field}" for name, field in fields if _is_empty(_values(sections[name]).get(field, ""))]
    return (*absent, *empty, *gaps)


def _metadata(package: Package, facts: Facts, evaluation: Evaluation) -> "ModelCardData":
    from huggingface_hub import EvalResult, ModelCardData

    results = [
        EvalResult(
            task_type="image-classification", dataset_type=facts.domain, dataset_name=facts.domain,
            dataset_split="test", dataset_revision=facts.dataset_version, metric_type=name,
            metric_value=round(found.value, 4),
        )
        for name, found in evaluation.metrics.items()
        if math.isfinite(found.value)
    ]  # fmt: skip
    return ModelCardData(
        model_name=facts.domain, base_model=package.backbone, library_name="onnx", tags=["regraft", "onnx"],
        pipeline_tag="image-classification", eval_results=results,
    )  # fmt: skip


def _data(dataset: Dataset, facts: Facts) -> dict[str, str]:
    sizes = split_sizes(dataset)
    return {
        "Version": facts.dataset_version,
        "Licence": facts.data_licence or "not stated",
        "Classes": ", ".join(dataset.classes),
        "Samples": ", ".join(f"{split} {count}" for split, count in sizes.items()),
    }


def _training(facts: Facts) -> dict[str, str]:
    recipe = facts.training.recipe.model_dump()
    options = ", ".join(f"{name} {value}" for name, value in recipe.items() if name != "kind")
    return {
        "Recipe": f"{recipe['kind']} ({options})" if options else recipe["kind"],
        "Backbone": facts.training.backbone,
        "Revision": facts.lineage["backbone_revision"],
        "Licence": facts.lineage["backbone_licence"],
        "sha256": facts.lineage["backbone_sha256"],
        "Seed": facts.lineage["seed"],
        "Code": f"Regraft {facts.lineage['regraft_version']}, Python {facts.lineage['python']}",
        "Regraft's commit": facts.lineage["regraft_commit"],
        "Project's commit": facts.lineage["project_commit"],
        "Epochs": str(facts.epochs),
        "Refit": f"the head anew on all {facts.refitted} training and validation samples, once validation had chosen"
        if facts.refitted
        else "none: it learned from the training samples alone",
    }


def _calibration(package: Package, facts: Facts, evaluation: Evaluation) -> dict[str, str]:
    value, low, high = _shown(evaluation.calibration)
    fitted = "the validation split"
    if facts.refitted:
        fitted = "answers by heads of cross-fitting, which had not seen the sample nor its group"
    return {
        "Temperature": f"{_temperatures(package)}, fitted on {fitted}, inside the model",
        "Calibration error": f"{value} ({low} to {high}), expected calibration error on the test split",
        "Parity": f"{package.parity:.2g} at most between network, package and serving path on the golden batch",
    }


def _temperatures(package: Package) -> str:
    several = len(package.temperatures) > 1
    return ", ".join(
        f"{name} {found:.4g}" if several else f"{found:.4g}" for name, found in package.temperatures.items()
    )


def _limits(package: Package, evaluation: Evaluation) -> list[str]:
    unjudged = evaluation.slices[evaluation.slices["low"].isna()].to_dict("records")
    small = [f"{row['column']} = {row['value']}" for row in unjudged]
    seen = package.transform.spec.words
    limits = (
        f"It knows {len(package.classes)} classes. A sample of anything else is given one of them too.",
        f"Its evidence: {evaluation.samples} samples of {evaluation.groups} groups, from the source that taught it.",
        "Other cameras, places or times may give worse results; watch drift.",
        f"It sees {seen}, as `transform.json` decodes it; what is prepared otherwise gives other results.",
    )
    return [*limits, f"Slices that could not be judged: {'; '.join(small)}."] if small else [*limits]


def _cost(facts: Facts) -> dict[str, str]:
    measured = f"{facts.energy:.3g} kWh, an estimate for the whole machine during the fit" if facts.energy else ""
    return {"Time": f"{facts.seconds:.1f} seconds of training", "Energy": measured or "not measured on this machine"}


def _evidence(package: Package) -> str:
    return _table(
        (row.framework, row.reference, row.topic, row.shows, ", ".join(f"`{name}`" for name in row.files))
        for row in evidence_in(package.folder, NAME)
    )


def _slices(evaluation: Evaluation) -> str:
    if evaluation.slices.empty:
        return "The data have no slices."
    columns = ("slice", "samples", "value", "low", "high", "minus the rest", "p (Holm)", "note")
    rows = [
        (
            f"{row['column']} = {row['value']}", row["samples"],
            *map(_number, (row["estimate"], row["low"], row["high"], row["difference"], row["p_holm"])), row["note"],
        )
        for row in evaluation.slices.to_dict("records")
    ]  # fmt: skip
    metric = evaluation.slices["metric"].iloc[0]
    return (
        f"Metric: {metric}. Each slice is compared with all other samples.\n\n{_table([columns, ['---'] * 8, *rows])}"
    )


def _disparities(evaluation: Evaluation) -> str:
    """Every measure of every class between the groups of the protected columns; nothing where none is named."""
    if not evaluation.disparities:
        return ""
    columns = ("protected", "measure", "class", "difference", "low", "high", "ratio", "low", "high", "groups")
    rows = [
        (one.column, one.measure, one.label, *_shown(one.difference), *_shown(one.ratio), one.found)
        for one in evaluation.disparities
    ]
    return _table([columns, ["---"] * len(columns), *rows])


def _shown(found: Interval) -> tuple[str, str, str]:
    """Value and ends of an interval."""
    return _number(found.value), _number(found.low), _number(found.high)


def _number(value: float) -> str:
    """Four digits behind the point; a dash where there is nothing to show."""
    return f"{value:.4f}" if math.isfinite(value) else "-"


def _rows(values: Mapping[str, str]) -> str:
    return _table(values.items())


def _table(rows: Iterable[Iterable[Any]]) -> str:
    return "\n".join(f"| {' | '.join(_cell(value) for value in row)} |" for row in rows)


def _cell(value: Any) -> str:
    return " ".join(str(value).replace("|", "\\|").split())


def _sections(text: str) -> dict[str, str]:
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _values(section: str) -> dict[str, str]:
    return dict(re.findall(r"^\| ([^|]+?) \| (.*?) \|$", section, flags=re.MULTILINE))


def _is_empty(text: str) -> bool:
    return " ".join(text.split()).lower() in _EMPTY
