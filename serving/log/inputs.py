"""Inputs of requests, kept where a domain says so and encrypted, so that labels that come back can be learned from."""

import asyncio
import io
import logging
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from data.errors import StorageError
from serving.errors import PredictionLogError
from serving.log.config import load_log_config
from serving.log.erasure import without
from serving.log.store import File, Store
from settings.errors import ConfigError
from settings.machine import load_settings

logger = logging.getLogger(__name__)

SHARE = 0.1  # of contents that `sample` keeps, by their hash
MOST_BYTES = 2**26  # what waits for the disk
FLUSH_SECONDS = 1.0
SCHEMA = pa.schema([("time", pa.timestamp("us", tz="UTC")), ("hash", pa.string()), ("content", pa.binary())])


def inputs_store(domain: str) -> Store:
    """Where the inputs of a domain lie."""
    return Store(f"{load_settings().predictions}/{domain}/inputs")


class InputWriter:
    """The kept inputs of one domain, on their way to the disk; what does not fit is not kept."""

    def __init__(self, domain: str) -> None:
        self.domain, self._waiting, self._size = domain, dict[str, bytes](), 0
        self._share = 0.0

    def add(self, digest: str, content: bytes) -> None:
        """Takes the content of that sha256 in, if it is to be kept."""
        fits = self._size + len(content) <= MOST_BYTES
        if int(digest[:8], 16) < self._share * 2**32 and fits and digest not in self._waiting:
            self._waiting[digest], self._size = content, self._size + len(content)

    async def write(self) -> None:
        """Reads what the domain says, then writes once a second until it is cancelled."""
        try:
            self._share = await asyncio.to_thread(kept_share, self.domain)
        except ConfigError as error:
            logger.warning("%s: inputs are not kept: %s", self.domain, error)
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Writes what waits; where the disk refuses it is told, and nothing waits on."""
        waiting, self._waiting, self._size = self._waiting, {}, 0
        try:
            await asyncio.to_thread(keep_inputs, self.domain, waiting)
        except (StorageError, ConfigError) as error:
            logger.warning("%s: %d inputs are not kept: %s", self.domain, len(waiting), error)


def kept_share(domain: str) -> float:
    """The share of a domain's inputs that is kept.

    Raises:
        ConfigError: its YAML is wrong, or something is to be kept and no key is set.
    """
    settings = load_settings()
    kept = load_log_config(settings.root, domain).keep_inputs
    if kept != "none":
        cipher()
    return {"none": 0.0, "sample": SHARE, "all": 1.0}[kept]


def cipher() -> MultiFernet:
    """What encrypts with the first key of `REGRAFT_INPUTS_KEY`, and decrypts with any.

    Raises:
        ConfigError: there is none, or one is no key.
    """
    try:
        return MultiFernet([Fernet(key.strip()) for key in load_settings().inputs_key.split(",")])
    except ValueError as error:
        told = "set it to a key, as `python -c 'from cryptography.fernet import Fernet as F; print(F.generate_key())'`"
        raise ConfigError(f"REGRAFT_INPUTS_KEY is no Fernet key, and inputs are kept; {told} makes one") from error


def keep_inputs(domain: str, contents: dict[str, bytes]) -> None:
    """Writes contents by their sha256 as one new file, encrypted; none writes nothing.

    Raises:
        ConfigError: no key is set.
        StorageError: the disk refused it.
    """
    if contents:
        keys, now = cipher(), datetime.now(UTC)
        rows = [{"time": now, "hash": one, "content": keys.encrypt(content)} for one, content in contents.items()]
        inputs_store(domain).write(pa.Table.from_pylist(rows, schema=SCHEMA))


def kept_inputs(domain: str, hashes: AbstractSet[str]) -> Iterator[tuple[str, bytes]]:
    """The contents of these hashes that were kept, decrypted; one may come twice.

    Raises:
        ConfigError: no key is set.
        PredictionLogError: a file is not what was written, or the key is another.
    """
    store, keys, wanted = inputs_store(domain), cipher(), pa.array(sorted(hashes), pa.string())
    for file in input_files(store):
        table = load_inputs(store, file)
        for row in table.filter(pc.is_in(table["hash"], wanted)).to_pylist():
            yield row["hash"], _decrypted(keys, row["content"], file)


def _decrypted(keys: MultiFernet, content: bytes, file: File) -> bytes:
    try:
        return keys.decrypt(content)
    except InvalidToken as error:
        told = f"{file.path}: its inputs have another key; add it to REGRAFT_INPUTS_KEY"
        raise PredictionLogError(told) from error


def erase_inputs(domain: str, hashes: AbstractSet[str]) -> int:
    """Takes contents out and returns their number; called again it finishes what was begun.

    Raises:
        PredictionLogError: a file is not what was written.
        StorageError: the disk refused a write.
    """
    store, named = inputs_store(domain), pa.array(sorted(hashes), pa.string())
    gone = without(store, lambda: input_files(store), load_inputs, lambda table: pc.is_in(table["hash"], named))
    return len({digest for table in gone for digest in table["hash"].to_pylist()})


def input_files(store: Store) -> Iterator[File]:
    """All files of inputs."""
    return (file for day in store.days() for file in store.files(day))


def load_inputs(store: Store, file: File) -> pa.Table:
    """One file after checking its bytes against its name.

    Raises:
        FileNotFoundError: it is not there any more.
        PredictionLogError: it is not what was written.
    """
    return pq.ParquetFile(io.BytesIO(store.read(file))).read(use_threads=False)
