"""NannyML's CBPE on the same windows, in an environment of its own."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bench.monitoring.pool import Answered

SCRIPT = """\
import json, sys
import pandas as pd
import nannyml

folder, kind, classes, sizes = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), json.loads(sys.argv[4])
known, asked = (pd.read_csv(f"{folder}/{name}.csv") for name in ("known", "asked"))
told = "p1" if kind == "classification_binary" else {name: f"p{name}" for name in classes}
found, start = [], 0
for size in sizes:
    part = asked.iloc[start : start + size].reset_index(drop=True)
    chunked = nannyml.CBPE(
        y_pred_proba=told, y_pred="predicted", y_true="truth", problem_type=kind, metrics=["accuracy"],
        chunk_size=min(size, len(known)),
    )
    frame = chunked.fit(known).estimate(part).to_df()
    found.append(float(frame[("accuracy", "value")].iloc[-1]))
    start += size
print(json.dumps(found))
"""


def cbpe(python: str, known: Answered, windows: Sequence[Answered]) -> list[float]:
    """The estimated accuracy of each window."""
    classes = known.probabilities.shape[1]
    kind = "classification_binary" if classes == 2 else "classification_multiclass"
    with tempfile.TemporaryDirectory() as folder:
        _table(known).to_csv(f"{folder}/known.csv", index=False)
        pd.concat(map(_table, windows)).drop(columns="truth").to_csv(f"{folder}/asked.csv", index=False)
        script = Path(folder) / "cbpe.py"
        script.write_text(SCRIPT, encoding="utf-8")
        told = [json.dumps(list(range(classes))), json.dumps([len(one.truth) for one in windows])]
        done = subprocess.run([python, str(script), folder, kind, *told], capture_output=True, text=True, check=True)
    return [float(value) for value in json.loads(done.stdout.splitlines()[-1])]


def _table(part: Answered) -> pd.DataFrame:
    said = {f"p{name}": part.probabilities[:, name] for name in range(part.probabilities.shape[1])}
    return pd.DataFrame({**said, "predicted": part.probabilities.argmax(axis=1), "truth": part.truth}, dtype=np.float64)
