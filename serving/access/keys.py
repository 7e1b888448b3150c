"""API keys in a file of the project's home: `REGRAFT_ROOT/.regraft/keys.json`, rights 0600.

A key is `regraft_ID_SECRET`; ID finds its record, and the secret of 256 random bits stands there as a salted SHA-256,
compared in constant time. A slow hash such as scrypt protects words that people choose, which can be guessed; 2^256
secrets cannot, and each request would pay for it with a tenth of a second.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

from data.stores.atomic import atomic_path
from serving.errors import KeysError
from settings.config import Config

FILE = "keys.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # it stands in logs


class Role(StrEnum):
    """What a key is for; an admin's is for everything."""

    PREDICT = "predict"
    FEEDBACK = "feedback"
    ADMIN = "admin"


class Key(Config):
    """What is kept of a key: all but the key."""

    name: str
    id: str
    salt: str
    hash: str
    roles: tuple[Role, ...]
    made: datetime
    expires: datetime | None = None
    revoked: datetime | None = None

    @property
    def fault(self) -> str:
        """Why it is good for nothing any more; empty where it is good."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= datetime.now(UTC) else ""

    def allows(self, role: Role) -> bool:
        """Whether it has that role."""
        return bool({role, Role.ADMIN} & {*self.roles})

    def matches(self, secret: str) -> bool:
        """Whether it is the key with that secret."""
        return hmac.compare_digest(_hash(self.salt, secret), self.hash)


_KEYS = TypeAdapter(tuple[Key, ...])


def keys_path(home: Path) -> Path:
    """Where the keys of a project are kept."""
    return home / FILE


def read_keys(path: Path) -> tuple[Key, ...]:
    """Every key that was ever made, oldest first; none where there is no file.

    Raises:
        KeysError: the file is damaged or cannot be read.
    """
    try:
        return _KEYS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError) as error:
        reason = getattr(error, "strerror", None) or "it is damaged"
        raise KeysError(f"{path}: {reason}; restore it, or delete it and make new keys") from error


def add_key(path: Path, name: str, roles: Sequence[Role], days: float | None = None) -> str:
    """Makes a key and returns it; nothing that is kept shows it again.

    Raises:
        KeysError: it is no name, a key of that name is in use, or the file is damaged.
        StorageError: the disk refused the write.
    """
    if not NAME.fullmatch(name):
        raise KeysError(f"{name!r} is no name of a key; use up to 64 letters, digits, '.', '_' and '-'")
    with _changing(path) as keys:
        if any(key.name == name and not key.fault for key in keys):
            raise KeysError(
                f"there is a key named {name!r}; revoke it by `regraft keys revoke {name}`, or choose another"
            )
        known, salt, secret = secrets.token_hex(4), secrets.token_hex(16), secrets.token_urlsafe(32)
        now = datetime.now(UTC)
        expires = None if days is None else now + timedelta(days=days)
        made = Key(
            name=name, id=known, salt=salt, hash=_hash(salt, secret), roles=tuple(roles), made=now, expires=expires
        )
        _write(path, (*keys, made))
    return f"regraft_{known}_{secret}"


def revoke_key(path: Path, name: str) -> None:
    """Revokes the keys of a name; a running service refuses them from its next request on.

    Raises:
        KeysError: no key of that name is in use, or the file is damaged.
        StorageError: the disk refused the write.
    """
    with _changing(path) as keys:
        named = [key for key in keys if key.name == name and not key.fault]
        if not named:
            used = ", ".join(key.name for key in keys if not key.fault) or "none"
            raise KeysError(f"no key named {name!r} is in use (in use: {used}); see `regraft keys list`")
        now = datetime.now(UTC)
        _write(path, tuple(key.model_copy(update={"revoked": now}) if key in named else key for key in keys))


def _hash(salt: str, secret: str) -> str:
    return hashlib.sha256(f"{salt}{secret}".encode()).hexdigest()


@contextmanager
def _changing(path: Path) -> Iterator[tuple[Key, ...]]:
    """The keys, which nobody else changes meanwhile."""
    with FileLock(path.with_suffix(".lock")):
        yield read_keys(path)


def _write(path: Path, keys: tuple[Key, ...]) -> None:
    with atomic_path(path, mode=0o600) as temporary:
        temporary.write_bytes(_KEYS.dump_json(keys, indent=1))
