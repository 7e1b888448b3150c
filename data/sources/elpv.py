"""ELPV: 2,624 solar cells in electroluminescence, from the package `elpv-dataset` (CC BY-NC-SA 4.0, never committed).

Deitsch et al., "Automatic classification of defective photovoltaic module cells in electroluminescence images", 2019.
"""

import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from data.errors import SourceError
from data.sources.sample import Sample, SourceConfig, file_stamp, read_file

if TYPE_CHECKING:
    import pandas as pd

CELLS_A_MODULE = 60


class ElpvSource(SourceConfig):
    """Labels `functional` (probability 0) and `defective` (above 0), weighted by the annotators' certainty."""

    kind: Literal["elpv"]
    types: tuple[Literal["mono", "poly"], ...] = Field(("mono", "poly"), min_length=1, description="cell types to read")

    def samples(self, root: Path, task: str) -> Iterator[Sample]:
        """The cells of the wanted types, in the package's order.

        Raises:
            SourceError: the package is not installed.
        """
        for row in elpv_table().to_dict("records"):
            if row["type"] in self.types:
                yield Sample(
                    path=row["path"],
                    labels={task: "defective" if row["probability"] > 0 else "functional"},
                    group=row["module"],
                    slices={"type": row["type"], "probability": f"{row['probability']:.2f}"},
                    weight=row["probability"] or 1.0,
                )

    def stamp(self, root: Path, path: str) -> str:
        """Size and modification time of the file."""
        return file_stamp(elpv_folder() / path)

    def read(self, root: Path, path: str) -> bytes:
        """Bytes of the file."""
        return read_file(elpv_folder() / path)


@cache
def elpv_folder() -> Path:
    """Folder of labels.csv and images/ inside the installed package.

    Raises:
        SourceError: the package is not installed.
    """
    found = importlib.util.find_spec("elpv_dataset")
    if found is None or found.origin is None:
        raise SourceError("the package elpv-dataset is not installed; run `make .venv` or `pip install elpv-dataset`")
    return Path(found.origin).parent.parent / "elpv_dataset" / "data"


@cache
def elpv_table() -> "pd.DataFrame":
    """One row a cell: path, probability, type and pseudo-module.

    The package names no modules, but its rows lie module by module: a pseudo-module is 60 cells in a row of one type,
    which gives 45 for the 44 real ones. Cells of one module share their grower, camera and exposure, so a split that
    cuts through them leaks.
    """
    import pandas as pd  # reading a domain needs no table

    labels = elpv_folder() / "labels.csv"
    table = pd.read_csv(labels, sep=r"\s+", header=None, names=["path", "probability", "type"])
    run = (table["type"] != table["type"].shift()).cumsum()
    block = table.groupby(run).cumcount() // CELLS_A_MODULE
    table["module"] = [f"module-{a:02d}-{b:02d}" for a, b in zip(run, block, strict=True)]
    table["probability"] = (table["probability"] * 3).round() / 3
    return table
