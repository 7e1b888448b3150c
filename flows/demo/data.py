"""What the demo puts in the way of the loop: bad files, late labels, shuffled labels."""

import hashlib
import os
import shutil
from pathlib import Path

import numpy as np

from data.sources.elpv import elpv_folder, elpv_table
from data.stores.atomic import write_text
from data.stores.manifest import LABEL, read_table, write_table
from tasks.plan import Plan, Prepared


def plant_bad_files(folder: Path) -> Path:
    """A truncated PNG, a text named .png and a cell with an unknown label, in a labelled table."""
    cells = elpv_table()
    mono = [elpv_folder() / path for path in cells.loc[cells["type"] == "mono", "path"].head(2)]
    poly = elpv_folder() / cells.loc[cells["type"] == "poly", "path"].iloc[0]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "truncated.png").write_bytes(mono[0].read_bytes()[:2000])
    (folder / "text.png").write_text("This is no picture.")
    shutil.copyfile(poly, folder / "unknown-label.png")
    table = folder / "planted.csv"
    rows = ["truncated.png,defective", "text.png,functional", "unknown-label.png,scorched"]
    write_text(table, "\n".join(["path,label", *rows]) + "\n")
    return table


def write_poly_labels(table: Path) -> Path:
    """The polycrystalline cells as people have labelled them by now."""
    cells = elpv_table()
    poly = cells[cells["type"] == "poly"]
    rows = poly.assign(
        path=[str(elpv_folder() / path) for path in poly["path"]],
        label=np.where(poly["probability"] > 0, "defective", "functional"),
        weight=poly["probability"].where(poly["probability"] > 0, 1.0),
        group=poly["module"],
        probability=poly["probability"].map("{:.2f}".format),
    )
    write_text(table, rows[["path", "label", "weight", "group", "type", "probability"]].to_csv(index=False))
    return table


def mixed_cells(count: int) -> list[Path]:
    """So many cells of both kinds, as they may come from a line, in an order that is always the same."""
    cells = elpv_table()
    order = np.random.default_rng(0).permutation(len(cells))[:count]
    return [elpv_folder() / cells["path"].iloc[row] for row in order]


def shuffle_labels(plan: Plan, folder: Path) -> Plan:
    """The same plan with the labels of its training and validation samples shuffled, seeded; shards are shared."""
    prepared = plan.prepared
    folder.mkdir(parents=True, exist_ok=True)
    for source in prepared.folder.iterdir():
        (folder / source.name).unlink(missing_ok=True)
        os.link(source, folder / source.name)
    manifest = read_table(prepared.folder / "manifest.parquet")
    label, seen = LABEL + plan.dataset.headline, (manifest["split"] != "test").to_numpy()
    labels = manifest[label].to_numpy(object)
    labels[seen] = np.random.default_rng(0).permutation(labels[seen])
    write_table(folder / "manifest.parquet", manifest.assign(**{label: labels}))
    shuffled = Prepared(folder, "shuffled-" + hashlib.sha256(prepared.version.encode()).hexdigest()[:16])
    return Plan(plan.domain, shuffled)
