"""Parquet is read as it was written, and a process that reads it ends as it should."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from data.parquet import read_parquet


def test_read_parquet__as_written(tmp_path: Path) -> None:
    """The same columns and types; a file that is none is a ValueError."""
    table = pd.DataFrame({"path": ["a", None], "n": [1, 2]})
    table.to_parquet(tmp_path / "t.parquet", index=False)
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "t.parquet").to_pandas(), table)
    (tmp_path / "t.parquet").write_bytes(b"path,n\n")
    with pytest.raises(ValueError, match="Parquet"):
        read_parquet(tmp_path / "t.parquet")


@pytest.mark.long
def test_read_parquet__processes_end_well(tmp_path: Path) -> None:
    """Of 80 short processes none is aborted at its end; by Arrow's default some five would be."""
    wide = {f"c{number}": [str(row) for row in range(90)] for number in range(12)}
    pd.DataFrame(wide).to_parquet(tmp_path / "t.parquet", index=False)
    program = (
        "import sys; from pathlib import Path; from data.parquet import read_parquet; "
        "read_parquet(Path(sys.argv[1])).to_pandas(use_threads=False)"
    )
    codes = [subprocess.call([sys.executable, "-c", program, str(tmp_path / "t.parquet")]) for _ in range(80)]
    assert set(codes) == {0}
