"""Files are scored through the real transform and ONNX Runtime."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serving.errors import ServingError
from serving.log.predictions import read
from serving.score import Destination, Scorer, score_files


def test_score_files__predicts_and_logs_every_file(package: Scorer, images: list[Path]) -> None:
    """Classes, hashes, embeddings and brightness in the log are those of the files, in order."""
    report = score_files(package, 3, images, to=Destination("shade"))
    log = read("shade")
    assert report.predicted == {"dark": 35, "bright": 35}
    assert list(log["predicted"]) == ["dark", "bright"] * 35
    assert list(log["path"]) == [str(path) for path in images]
    assert log["hash"][0] == hashlib.sha256(images[0].read_bytes()).hexdigest()
    assert log["transform"].unique().tolist() == [package.transform.hash]
    assert log["brightness"].tolist() == [20.0, 220.0] * 35
    np.testing.assert_allclose(np.stack(list(log["embedding"])), [[20.0] * 3, [220.0] * 3] * 35)


def test_score_files__bad_files_never_stop_the_rest(package: Scorer, images: list[Path]) -> None:
    """A cut file and a missing one are reported with their reasons; the 70 others are scored."""
    cut, missing = images[0].parent / "cut.png", images[0].parent / "missing.png"
    cut.write_bytes(images[0].read_bytes()[:40])
    report = score_files(package, 1, [images[0], cut, missing, *images[1:]], to=Destination("shade"))
    log = read("shade")
    assert [failure.path for failure in report.failures] == [str(cut), str(missing)]
    assert report.failures[1].error == "cannot be read: No such file or directory"
    assert log["error"].notna().tolist() == [False, True, True, *[False] * 69]
    assert log["predicted"][3] == "bright"
    assert log["hash"].isna().tolist() == [False, False, True, *[False] * 69]


def test_score_files__only_bad_files(package: Scorer, tmp_path: Path) -> None:
    """A batch without a single image does not reach the network."""
    report = score_files(package, 1, [tmp_path / "missing.png"], to=Destination("shade"))
    assert (report.samples, len(report.failures), report.predicted) == (1, 1, {"dark": 0, "bright": 0})


def test_score_files__slices_in_the_order_of_the_files(package: Scorer, images: list[Path]) -> None:
    """Every file counts for the slice value that was given with it."""
    report = score_files(package, 1, images[:3], to=Destination("shade"), slices={"line": ["a", "b", "a"]})
    assert report.slices[["value", "dark", "bright"]].to_numpy().tolist() == [["a", 2, 0], ["b", 0, 1]]


def test_score_files__reports_progress(package: Scorer, images: list[Path]) -> None:
    """Progress comes after each batch of 64."""
    seen: list[tuple[int, int]] = []
    score_files(package, 1, images, to=Destination("shade"), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(64, 70), (70, 70)]


def test_score_files__cut_off_and_done_again(package: Scorer, images: list[Path]) -> None:
    """A run that was interrupted is not in the log: done again, each file counts as one sample of the traffic."""

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_files(package, 1, images, to=Destination("shade"), progress=interrupt)
    assert read("shade").empty
    score_files(package, 1, images, to=Destination("shade"))
    assert len(read("shade")) == len(images)


def test_score_files__nothing_to_score(package: Scorer) -> None:
    """No files is one clear error."""
    with pytest.raises(ServingError, match="0 files given; name at least one"):
        score_files(package, 1, [], to=Destination("shade"))


def test_score_files__slices_of_another_length(package: Scorer, images: list[Path]) -> None:
    """Slices that do not fit are refused before anything is logged."""
    with pytest.raises(ServingError, match="slice 'line' has 1 values for 70 files"):
        score_files(package, 1, images, to=Destination("shade"), slices={"line": ["a"]})
    assert read("shade").empty


def test_score_files__embedding_beyond_half_precision(
    package: Scorer, images: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What float16 cannot hold is logged as its largest value, never as infinity."""
    predict = package.predict
    monkeypatch.setattr(package, "predict", lambda batch: (predict(batch)[0], predict(batch)[1] * 1e6))
    score_files(package, 1, images[:1], to=Destination("shade"))
    assert read("shade")["embedding"][0].tolist() == [65504.0] * 3


def test_score_files__table_and_no_log(package: Scorer, images: list[Path], tmp_path: Path) -> None:
    """A row a file in the table, the bad one with its reason; what is not logged is no traffic."""
    table, missing = tmp_path / "said.csv", tmp_path / "missing.png"
    report = score_files(package, 1, [*images[:2], missing], to=Destination("shade", log=False, table=table))
    rows = pd.read_csv(table)
    assert list(rows) == ["path", "predicted", "p.dark", "p.bright", "error"]
    assert rows["predicted"].tolist()[:2] == ["dark", "bright"]
    assert rows["error"].isna().tolist() == [True, True, False]
    assert (report.logged, len(read("shade"))) == (0, 0)
    assert score_files(package, 1, images[:2], to=Destination("shade")).logged == len(read("shade")) == 2
