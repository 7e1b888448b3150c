"""Reading Parquet without Arrow's threads, which now and then abort a process that ends soon after (exit code 134)."""

from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq


def read_parquet(source: Path | BinaryIO) -> pa.Table:
    """A whole table; `to_pandas(use_threads=False)` goes on without threads.

    Raises:
        OSError: there is no such file.
        ValueError: it is no Parquet.
    """
    return pq.read_table(source, use_threads=False, pre_buffer=False)
