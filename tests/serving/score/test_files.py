"""Files are scored through the real transform and ONNX Runtime."""

import hashlib
import queue
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pytest

from serving.engine.answers import Scorer
from serving.errors import ServingError
from serving.log.predictions import read
from serving.log.schema import Prediction
from serving.score.files import Destination, score_files, stream_files


def named(paths: list[Path]) -> list[str]:
    """Paths as they are given."""
    return [str(path) for path in paths]


def test_score_files__predicts_and_logs_every_file(package: Scorer, images: list[Path]) -> None:
    """Classes, hashes, embeddings and brightness in the log are those of the files, in order."""
    report = score_files(package, 3, named(images), to=Destination("shade"))
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
    report = score_files(package, 1, named([images[0], cut, missing, *images[1:]]), to=Destination("shade"))
    log = read("shade")
    assert [failure.path for failure in report.failures] == [str(cut), str(missing)]
    assert report.failures[1].error == "cannot be read: No such file or directory"
    assert log["error"].notna().tolist() == [False, True, True, *[False] * 69]
    assert log["predicted"][3] == "bright"
    assert log["hash"].isna().tolist() == [False, False, True, *[False] * 69]


def test_score_files__only_bad_files(package: Scorer, tmp_path: Path) -> None:
    """A batch without a single image does not reach the network."""
    report = score_files(package, 1, named([tmp_path / "missing.png"]), to=Destination("shade"))
    assert (report.samples, len(report.failures), report.predicted) == (1, 1, {"dark": 0, "bright": 0})


def test_score_files__reports_progress(package: Scorer, images: list[Path]) -> None:
    """Progress comes after each file."""
    seen: list[int] = []
    score_files(package, 1, named(images), to=Destination("shade"), progress=seen.append)
    assert seen == [*range(1, 71)]


def test_score_files__cut_off_and_done_again(package: Scorer, images: list[Path]) -> None:
    """What was predicted before an interruption is in the log; done again each file counts once, until it is new."""

    def interrupt(done: int) -> None:
        if done == 64:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_files(package, 1, named(images), to=Destination("shade"), progress=interrupt)
    assert len(read("shade")) == 64
    score_files(package, 1, named(images), to=Destination("shade"))
    assert len(read("shade")) == len(images)
    images[0].write_bytes(images[0].read_bytes())
    score_files(package, 1, named(images[:2]), to=Destination("shade"))
    assert len(read("shade")) == len(images) + 1


def test_score_files__nothing_to_score(package: Scorer) -> None:
    """No files is one clear error."""
    with pytest.raises(ServingError, match="0 files given; name at least one"):
        score_files(package, 1, [], to=Destination("shade"))


def test_score_files__embedding_beyond_half_precision(
    package: Scorer, images: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What float16 cannot hold is logged as its largest value, never as infinity."""
    predict = package.predict
    monkeypatch.setattr(package, "predict", lambda batch: (predict(batch)[0], predict(batch)[1] * 1e6))
    score_files(package, 1, named(images[:1]), to=Destination("shade"))
    assert read("shade")["embedding"][0].tolist() == [65504.0] * 3


def test_score_files__table_and_no_log(package: Scorer, images: list[Path], tmp_path: Path) -> None:
    """A row a file in the table, the bad one with its reason; what is not logged is no traffic."""
    table, missing = tmp_path / "said.csv", tmp_path / "missing.png"
    report = score_files(package, 1, named([*images[:2], missing]), to=Destination("shade", log=False, table=table))
    rows = pd.read_csv(table)
    assert list(rows) == ["path", "predicted", "p.dark", "p.bright", "error", "abstained"]
    assert rows["predicted"].tolist()[:2] == ["dark", "bright"]
    assert rows["error"].isna().tolist() == [True, True, False]
    assert (report.logged, len(read("shade"))) == (0, 0)
    assert score_files(package, 1, named(images[:2]), to=Destination("shade")).logged == len(read("shade")) == 2


def test_score_files__abstains(package: Scorer, shade: Callable[..., bytes], tmp_path: Path) -> None:
    """What is not likely enough is counted apart; the log has the likeliest class all the same."""
    for level in (100, 220):
        (tmp_path / f"{level}.png").write_bytes(shade(level))
    names = [f"{tmp_path}/{level}.png" for level in (100, 220)]
    report = score_files(package, 1, names, to=Destination("shade", abstain_below=0.9))
    assert (report.abstained, report.predicted) == (1, {"dark": 0, "bright": 1})
    assert read("shade")["abstained"].tolist() == [True, False]
    assert read("shade")["predicted"].notna().all()


def test_score_files__millions(package: Scorer, images: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """However many files there are, few are held: the paths are asked for as the answers are taken."""
    monkeypatch.setenv("REGRAFT_SERVING__BATCH", "4")
    ahead, given, taken = [0], [0], [0]

    def paths() -> Iterator[str]:
        for number in range(700):
            given[0] += 1
            ahead[0] = max(ahead[0], given[0] - taken[0])
            yield str(images[number % 70])

    def count(done: int) -> None:
        taken[0] = done

    report = score_files(package, 1, paths(), to=Destination("shade", log=False), progress=count)
    assert (report.samples, report.predicted) == (700, {"dark": 350, "bright": 350})
    assert ahead[0] <= 4 * 4 + 2
    assert max(package.batches) <= 4


def test_score_files__many_failures(package: Scorer, tmp_path: Path) -> None:
    """All are counted, and the first hundred are kept."""
    report = score_files(package, 1, [f"{tmp_path}/{n}.png" for n in range(150)], to=Destination("shade"))
    assert (report.failed, len(report.failures), report.failures[99].path) == (150, 100, f"{tmp_path}/99.png")


def test_score_files__paths_that_fail(package: Scorer, images: list[Path]) -> None:
    """A fault in finding the files ends it; what was scored before is in the log."""

    def paths() -> Iterator[str]:
        yield str(images[0])
        raise ServingError("the table is cut")

    with pytest.raises(ServingError, match="the table is cut"):
        score_files(package, 1, paths(), to=Destination("shade"))
    assert len(read("shade")) == 1


def test_score_files__an_address(package: Scorer, images: list[Path]) -> None:
    """A file in an object store; an address that leads nowhere fails alone."""
    fsspec.filesystem("memory").pipe_file("/bucket/1.png", images[1].read_bytes())
    names = ["memory://bucket/1.png", "memory://bucket/2.png", "strange://x"]
    report = score_files(package, 1, names, to=Destination("shade"))
    assert (report.predicted["bright"], report.failed) == (1, 2)
    assert all(one.error.startswith("cannot be read: ") for one in report.failures)


def test_stream_files__tells_at_once(package: Scorer, images: list[Path]) -> None:
    """An answer is told before the next path is there."""
    told: list[str | None] = []
    lines: queue.Queue[str | None] = queue.Queue()
    lines.put(str(images[0]))

    def tell(row: Prediction) -> None:
        told.append(row.predicted)
        lines.put(str(images[1]) if len(told) == 1 else None)

    report = stream_files(package, 1, iter(lines.get, None), to=Destination("shade"), tell=tell)
    assert (told, report.samples, len(read("shade"))) == (["dark", "bright"], 2, 2)
