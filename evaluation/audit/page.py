"""The audit's page for people, its table for filing corrections, and the short form for machines."""

import base64
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader
from PIL import Image

from data.stores.atomic import write_text
from data.stores.cells import harmless
from data.stores.dataset import Dataset
from evaluation.audit.audit import Audit
from evaluation.audit.findings import findings_table

SHOWN = 40
THUMBNAIL = 128


def shortened(audit: Audit) -> Audit:
    """The audit with the first SHOWN findings of each section; the totals stay."""
    sections = (replace(section, findings=section.findings[:SHOWN]) for section in audit.sections)
    return replace(audit, sections=tuple(sections))


def write_page(path: Path, audit: Audit, dataset: Dataset) -> None:
    """Writes one self-contained page with the first SHOWN findings of each section and their thumbnails.

    Every value is escaped, since paths, groups and labels come from users.
    """
    few = shortened(audit)
    places = {sample.place for section in few.sections for finding in section.findings for sample in finding.samples}
    page = Environment(loader=PackageLoader("evaluation.audit", "."), autoescape=True).get_template("page.html")
    write_text(path, page.render(audit=few, pictures=_pictures(dataset, sorted(places)), table=path.stem + ".csv"))


def write_findings(path: Path, audit: Audit) -> None:
    """Writes every finding as a CSV: hash, path, why it is listed and what to do.

    A cell that a spreadsheet would run as a formula gets a quote in front of it.
    """
    tables = [findings_table(section.title, section.findings) for section in audit.sections]
    filled = [table for table in tables if len(table)] or tables[:1]
    write_text(path, pd.concat(filled, ignore_index=True).map(harmless).to_csv(index=False))


def _pictures(dataset: Dataset, places: Sequence[int]) -> dict[int, str]:
    """PNG data URIs by place in the manifest."""
    images = dataset.spec.thumbnails(dataset.samples(dataset.manifest.iloc[list(places)]))
    return {place: _data_uri(image) for place, image in zip(places, images, strict=True)}


def _data_uri(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> str:
    image, content = Image.fromarray(pixels.squeeze()), io.BytesIO()
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    image.save(content, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode("ascii")
