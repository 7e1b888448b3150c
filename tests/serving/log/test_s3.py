"""The prediction log on a real S3 server: written, read, merged, retained and erased as on a disk, and out of reach."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import s3fs
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from data.errors import StorageError
from serving.errors import PredictionLogError
from serving.feedback.labelled import labelled
from serving.feedback.labels import Label, file_labels
from serving.log import merging, store
from serving.log.erasure import erase
from serving.log.inputs import keep_inputs, kept_inputs
from serving.log.predictions import append, read, store_of
from serving.log.writer import LogWriter
from serving.upkeep import tend
from tests.serving.log.conftest import START

FACTS = ("brightness",)


@pytest.fixture
def server() -> Iterator[ThreadedMotoServer]:
    """An S3 server on a port of this machine."""
    found = ThreadedMotoServer("127.0.0.1", 0)
    found.start()
    yield found
    s3_backends.reset()  # which outlive the server
    found.stop()


@pytest.fixture
def bucket(server, project, monkeypatch) -> s3fs.S3FileSystem:
    """A bucket there, where the log of `pets` lies; its YAML keeps it for a month."""
    host, port = server.get_host_and_port()
    known = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in {**known, "AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "secret"}.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()  # they remember the address
    monkeypatch.setattr(store, "_NEWEST", {})
    files = s3fs.S3FileSystem(use_listings_cache=False)
    files.mkdir("traffic")
    monkeypatch.setenv("REGRAFT_PREDICTIONS_URL", "s3://traffic/logs")
    (project / "domains" / "pets.yaml").write_text("log: {retention_days: 30}\n")
    return files


def names(files: s3fs.S3FileSystem) -> list[str]:
    """The objects of the log below its version."""
    return [name.removeprefix("traffic/logs/pets/") for name in files.find("traffic/logs/pets")]


def test_s3__windows_and_labels(bucket, rows):
    """What is written is read by version, number and time, with labels that came back; what was altered is named."""
    append("pets", rows(0, 6), FACTS)
    append("pets", rows(6, 8, version=2, key="k"), FACTS)
    file_labels("pets", [Label("key", "k", "dog")])
    assert read("pets")["path"].tolist() == [str(number) for number in range(8)]
    assert read("pets", version=2)["brightness"].tolist() == [7.5, 7.5]
    assert read("pets", last=3, version=1, columns=("path",))["path"].tolist() == ["3", "4", "5"]
    assert read("pets", since=rows(5, 6)[0].time)["path"].tolist() == ["5", "6", "7"]
    assert labelled("pets", columns=("path",))["label"].tolist() == [None] * 6 + ["dog"] * 2
    (first, *_) = names(bucket)
    bucket.pipe_file(f"traffic/logs/pets/{first}", b"altered")
    with pytest.raises((PredictionLogError, OSError), match="is not what was written"):
        labelled("pets"), read("pets")


def test_s3__merged_retained_and_erased(bucket, rows, monkeypatch):
    """Small files become one, what is older than a month goes, and of a person nothing is left; nor of another lost."""
    monkeypatch.setattr(merging, "MANY", 3)
    with monkeypatch.context() as then:
        then.setattr(store, "_now", lambda: START)
        append("pets", rows(90, 92), FACTS)
    for start in range(0, 10, 2):
        append("pets", rows(start, start + 2, hash=f"h{start}"), FACTS)
    assert len(names(bucket)) == 6
    tend("pets")
    (merged,) = names(bucket)
    assert f"day={datetime.now(UTC):%Y-%m-%d}" in merged
    assert read("pets")["path"].tolist() == [str(number) for number in range(10)]
    assert erase("pets", {"h4"}) == 2
    assert read("pets")["path"].tolist() == [str(number) for number in range(10) if number not in {4, 5}]
    assert len(names(bucket)) == 1
    store_of("pets").drop(), store_of("pets").drop()
    assert (names(bucket), len(read("pets"))) == ([], 0)


def test_s3__inputs(bucket, monkeypatch):
    """Kept inputs lie there encrypted and come back."""
    monkeypatch.setenv("REGRAFT_INPUTS_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    keep_inputs("pets", {"a" * 64: b"plain content"})
    (name,) = bucket.find("traffic/logs/pets/inputs")
    assert b"plain content" not in bucket.cat_file(name)
    assert [*kept_inputs("pets", {"a" * 64})] == [("a" * 64, b"plain content")]


def test_s3__out_of_reach(bucket, server, rows, monkeypatch):
    """While it does not answer rows wait, in one line; they are written once it does."""
    log = LogWriter("pets")
    for row in rows(0, 3):
        log.add(row, FACTS)
    with monkeypatch.context() as away:
        away.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        away.setattr(s3fs.S3FileSystem, "retries", 1)
        s3fs.S3FileSystem.clear_instance_cache()
        asyncio.run(log.flush())
        assert (log.waiting, log.fault.count("\n")) == (3, 0)
        assert log.fault.startswith("cannot ")
        assert "Could not connect to the endpoint" in log.fault
        with pytest.raises(StorageError, match="check that the store is there"):
            read("pets")
    s3fs.S3FileSystem.clear_instance_cache()
    asyncio.run(log.flush())
    assert (log.waiting, log.fault, read("pets")["path"].tolist()) == (0, "", ["0", "1", "2"])


@pytest.mark.parametrize("url", ["s3://nowhere/logs", "s3://nowhere-else"])
def test_s3__no_such_bucket(bucket, rows, monkeypatch, url):
    """An empty log to readers, and a line that names it to writers."""
    monkeypatch.setenv("REGRAFT_PREDICTIONS_URL", url)
    assert read("pets").empty
    with pytest.raises(StorageError, match="cannot write nowhere.*make the bucket"):
        append("pets", rows(0, 1), FACTS)
