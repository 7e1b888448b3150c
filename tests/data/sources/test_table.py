"""A CSV or Parquet table with one row a sample."""

from pathlib import Path

import fsspec
import pandas as pd
import pytest

from data.errors import SourceError
from data.sources import TableSource
from data.sources.sample import Sample

CSV = """path,label,group,weight,split,site
one.png,crack,module-1,0.5,train,north
/else/two.png,None,,,,
three.png,,module-2,2,test,south
"""


def rows_of(folder: Path, text: str, **options: object) -> list[Sample]:
    """The samples of a CSV."""
    (folder / "list.csv").write_text(text)
    source = TableSource.model_validate({"kind": "table", "path": "list.csv", **options})
    return list(source.samples(folder, "kind"))


def test_samples__every_column(tmp_path: Path) -> None:
    """Empty cells mean nothing was said; `None` and `NA` are labels like any other."""
    assert rows_of(tmp_path, CSV) == [
        Sample(f"{tmp_path}/one.png", {"kind": "crack"}, "module-1", {"site": "north"}, 0.5, "train"),
        Sample("/else/two.png", {"kind": "None"}, None, {}, 1.0, None),
        Sample(f"{tmp_path}/three.png", {}, "module-2", {"site": "south"}, 2.0, "test"),
    ]


def test_samples__words_for_splits(tmp_path: Path) -> None:
    """What means a split as the name of a folder means it in a cell, too; any other word is left to validation."""
    found = rows_of(tmp_path, "path,label,split\na.png,x,Training\nb.png,x,valid\nc.png,x,later\n")
    assert [sample.split for sample in found] == ["train", "val", "later"]


def test_samples__parquet_says_the_same(tmp_path: Path) -> None:
    """The same rows as Parquet, with real numbers and real gaps, give the same samples."""
    table = pd.read_csv(pd.io.common.StringIO(CSV), keep_default_na=False, na_values=[""])
    table.to_parquet(tmp_path / "list.parquet")
    source = TableSource(kind="table", path="list.parquet")
    assert list(source.samples(tmp_path, "kind")) == rows_of(tmp_path, CSV)


def test_samples__named_columns(tmp_path: Path) -> None:
    """Another label column, and only the slices that are asked for."""
    text = "path,defect,site,camera\na.png,yes,north,7\n"
    (sample,) = rows_of(tmp_path, text, label="defect", slices=("camera",))
    assert (sample.labels, sample.slices) == ({"kind": "yes"}, {"camera": "7"})


def test_samples__glob_in_the_order_of_names(tmp_path: Path) -> None:
    """Several tables are one source."""
    for name in ("b", "a"):
        (tmp_path / f"{name}.csv").write_text(f"path,label\n{name}.png,x\n")
    source = TableSource(kind="table", path="*.csv")
    assert [Path(sample.path).name for sample in source.samples(tmp_path, "kind")] == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("photo,label\na,b\n", r"no column 'path' \(there: photo, label\); add or rename it in the first line"),
        ("path,kind\na,b\n", "no column 'label'"),
        ("", "not readable as CSV, JSON Lines or Parquet"),
        ("path,label\na,b,c,d\n1,2\n3,4,5,6,7\n", "not readable as CSV, JSON Lines or Parquet"),
        ("path,label,weight\na,b,heavy\n", "weight 'heavy' is no number such as 0.5"),
        ("path,label,weight\na,b,0\n", "weight '0' must be positive"),
        ("path,label,weight\na,b,inf\n", "weight 'inf' must be positive and finite"),
        ("path,label,weight\na,b,nan\n", "weight 'nan' must be positive and finite"),
    ],
)
def test_samples__wrong_table(tmp_path: Path, text: str, message: str) -> None:
    """A table that cannot be used is named in one line with what to correct."""
    with pytest.raises(SourceError, match=message) as error:
        rows_of(tmp_path, text)
    assert "list.csv" in str(error.value)
    assert "\n" not in str(error.value)


def test_samples__not_parquet(tmp_path: Path) -> None:
    """Text that is called .parquet is refused."""
    (tmp_path / "list.parquet").write_text("path,label\n")
    with pytest.raises(SourceError, match="not readable as CSV, JSON Lines or Parquet"):
        list(TableSource(kind="table", path="list.parquet").samples(tmp_path, "kind"))


def test_samples__no_table(tmp_path: Path) -> None:
    """No file is an error, unless the table is optional."""
    with pytest.raises(SourceError, match=r"list\.csv matches no file"):
        list(TableSource(kind="table", path="list.csv").samples(tmp_path, "kind"))
    assert not list(TableSource(kind="table", path="list.csv", optional=True).samples(tmp_path, "kind"))


def test_read__any_file_system(tmp_path: Path) -> None:
    """Table and images may lie at any fsspec URL; relative paths start at the table."""
    memory = fsspec.filesystem("memory")
    memory.pipe("/store/list.csv", b"path,label\nimages/a.png,x\n")
    memory.pipe("/store/images/a.png", b"pixels")
    source = TableSource(kind="table", path="memory://store/list.csv")
    (sample,) = source.samples(tmp_path, "kind")
    assert source.read(tmp_path, sample.path) == b"pixels"
    before = source.stamp(tmp_path, sample.path)
    memory.pipe("/store/images/a.png", b"more pixels")
    assert source.stamp(tmp_path, sample.path) != before


def test_read__missing_file(tmp_path: Path) -> None:
    """A file that is not there has no stamp and says so."""
    source = TableSource(kind="table", path="list.csv")
    assert not source.stamp(tmp_path, f"{tmp_path}/gone.png")
    with pytest.raises(SourceError, match=r"gone\.png: there is no such file; restore it, correct its path"):
        source.read(tmp_path, f"{tmp_path}/gone.png")


def test_filesystem__unknown_protocol_is_one_line(tmp_path):
    """The address itself is not shown: it may hold a password."""
    source = TableSource(kind="table", path="nope://user:secret@host/list.csv")
    with pytest.raises(SourceError, match="nope://…: Protocol not known") as found:
        list(source.samples(tmp_path, "label"))
    assert "secret" not in str(found.value)
    assert source.stamp(tmp_path, "nope://user:secret@host/a.png") == ""


def test_samples__name_with_brackets(tmp_path: Path) -> None:
    """A file of that name is meant, not a pattern."""
    (tmp_path / "data [v2]").mkdir()
    (tmp_path / "data [v2]" / "l.csv").write_text("path,label\na.png,x\n")
    for path in ("data [v2]/l.csv", "data [v2]/*.csv"):
        (sample,) = TableSource(kind="table", path=path).samples(tmp_path, "kind")
        assert sample.path == f"{tmp_path}/data [v2]/a.png"


def test_samples__paths_of_other_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Backslashes of a relative path are slashes, ~ is home, colons are letters, a drive is refused."""
    monkeypatch.setenv("HOME", "/home/ada")
    found = rows_of(tmp_path, "path,label\nimg\\a.png,x\n~/b.png,x\nodd::name.png,x\n")
    assert [sample.path for sample in found] == [
        f"{tmp_path}/img/a.png", "/home/ada/b.png", f"{tmp_path}/odd::name.png"
    ]  # fmt: skip
    (tmp_path / "odd::name.png").write_bytes(b"pixels")
    assert TableSource(kind="table", path="list.csv").read(tmp_path, found[2].path) == b"pixels"
    with pytest.raises(SourceError, match=r"C:\\a.png: a path of Windows leads nowhere here"):
        rows_of(tmp_path, "path,label\nC:\\a.png,x\n")


@pytest.mark.parametrize(
    "written", ["my%20b%C3%BCcher.png", "{base}/my%20b%C3%BCcher.png", "file://{base}/my%20b%C3%BCcher.png"]
)
def test_samples__encoded_path(tmp_path: Path, written: str) -> None:
    """A name with %20 is the file of the decoded name, unless there is a file that is called just so."""
    row = f"path,label\n{written.format(base=tmp_path)},x\n"
    (tmp_path / "my bücher.png").write_bytes(b"pixels")
    (sample,) = rows_of(tmp_path, row)
    assert sample.path == f"{tmp_path}/my bücher.png"
    (tmp_path / "my%20b%C3%BCcher.png").write_bytes(b"its own")
    (sample,) = rows_of(tmp_path, row)
    assert TableSource(kind="table", path="list.csv").read(tmp_path, sample.path) == b"its own"


def test_samples__row_without_a_path(tmp_path: Path) -> None:
    """It is named by its number and cannot be read, so that it alone goes to quarantine."""
    source = TableSource(kind="table", path="list.csv")
    (first, _) = rows_of(tmp_path, "path,label\n,x\na.png,y\n")
    with pytest.raises(SourceError, match=r"^row 1 of list.csv has no path; fill it in or drop the row$"):
        source.read(tmp_path, first.path)
