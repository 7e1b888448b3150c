"""Inputs are kept where a domain says so, never in the clear, and go when they are to be forgotten."""

import asyncio

import pytest
from cryptography.fernet import Fernet

from serving.errors import PredictionLogError
from serving.log.inputs import InputWriter, erase_inputs, inputs_store, keep_inputs, kept_inputs, kept_share
from settings.errors import ConfigError
from settings.machine import load_settings

FIRST, SECOND = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def pets(project, monkeypatch):
    """A domain that keeps what it is told to, with a key."""
    monkeypatch.setenv("REGRAFT_INPUTS_KEY", FIRST)

    def keep(what: str) -> None:
        (project / "domains" / "pets.yaml").write_text(f"log: {{keep_inputs: {what}}}\n")

    keep("all")
    return keep


def kept(*hashes) -> dict[str, bytes]:
    """What is there of these contents."""
    return dict(kept_inputs("pets", set(hashes)))


def test_kept_share__as_the_domain_says(pets, monkeypatch):
    """None, a tenth or all; to keep any needs a key that is one."""
    for what, share in (("none", 0.0), ("sample", 0.1), ("all", 1.0)):
        pets(what)
        assert kept_share("pets") == share
    for key in ("", "secret"):
        monkeypatch.setenv("REGRAFT_INPUTS_KEY", key)
        with pytest.raises(ConfigError, match="REGRAFT_INPUTS_KEY is no Fernet key") as error:
            kept_share("pets")
        assert "secret" not in str(error.value)
    pets("none")
    assert kept_share("pets") == 0.0


def test_keep_inputs__encrypted(pets, home, monkeypatch):
    """On the disk nothing of a content can be read; a newer key encrypts, and the older one still decrypts."""
    keep_inputs("pets", {"a" * 64: b"plain content"})
    assert not any(b"plain" in path.read_bytes() for path in home.rglob("*.parquet"))
    assert kept("a" * 64, "b" * 64) == {"a" * 64: b"plain content"}
    monkeypatch.setenv("REGRAFT_INPUTS_KEY", f"{SECOND}, {FIRST}")
    keep_inputs("pets", {"b" * 64: b"other"})
    assert kept("a" * 64, "b" * 64) == {"a" * 64: b"plain content", "b" * 64: b"other"}
    monkeypatch.setenv("REGRAFT_INPUTS_KEY", FIRST)
    with pytest.raises(PredictionLogError, match="have another key; add it to REGRAFT_INPUTS_KEY"):
        kept("b" * 64)
    assert FIRST not in repr(load_settings())


def test_input_writer__share_and_bound(pets, monkeypatch):
    """Of a sample those whose hash is low; each once, and no more than may wait."""
    monkeypatch.setattr("serving.log.inputs.MOST_BYTES", 6)
    pets("sample")

    async def use() -> None:
        writer = InputWriter("pets")
        task = asyncio.create_task(writer.write())
        while not writer._share:  # noqa: ASYNC110 - nothing tells when it has read what the domain says
            await asyncio.sleep(0.01)
        for digest, content in (("0" * 64, b"low"), ("0" * 64, b"low"), ("f" * 64, b"hi"), ("01" * 32, b"over")):
            writer.add(digest, content)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await writer.flush()

    asyncio.run(use())
    assert kept("0" * 64, "f" * 64, "1" * 64, "01" * 32) == {"0" * 64: b"low"}


def test_input_writer__keeps_none_by_default(pets):
    """A domain that says nothing keeps nothing."""
    pets("none")
    writer = InputWriter("pets")
    writer.add("0" * 64, b"content")
    asyncio.run(writer.flush())
    assert inputs_store("pets").days() == []


def test_erase_inputs__leaves_the_others(pets):
    """What is to be forgotten goes from every file."""
    keep_inputs("pets", {"a": b"1", "b": b"2"})
    keep_inputs("pets", {"a": b"1"})
    assert (erase_inputs("pets", {"a"}), kept("a", "b")) == (1, {"b": b"2"})
