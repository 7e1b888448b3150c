"""The keys as a running service knows them: read anew whenever their file is another."""

from pathlib import Path

from serving.access.keys import Key, read_keys
from serving.errors import KeysError


class KeyRing:
    """Looks at the file at each request, which takes microseconds, so that a revoked key is refused by the next one."""

    def __init__(self, path: Path) -> None:
        self._path, self._seen, self._asked = path, (0, 0, 0), False
        self._keys: dict[str, Key] = {}

    def wanted(self) -> bool:
        """Whether requests need a key; once they did they go on to, though the file be gone.

        Raises:
            KeysError: the file is damaged.
        """
        self._look()
        self._asked = self._asked or bool(self._keys)
        return self._asked

    def find(self, presented: str) -> Key | None:
        """The key that a caller presents, whatever it is good for; None: it is none of ours.

        Raises:
            KeysError: the file is damaged.
        """
        self._look()
        _, _, rest = presented.partition("_")
        known, _, secret = rest.partition("_")
        key = self._keys.get(known)
        return key if key is not None and key.matches(secret) else None

    def usable(self) -> bool:
        """Whether any key is good by now.

        Raises:
            KeysError: the file is damaged.
        """
        self._look()
        return any(not key.fault for key in self._keys.values())

    def _look(self) -> None:
        seen = _seen(self._path)
        if seen != self._seen:
            self._keys = {key.id: key for key in read_keys(self._path)}
            self._seen = seen


def _seen(path: Path) -> tuple[int, int, int]:
    """What tells one file of that name from another: it is replaced whole."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0, 0)
    except OSError as error:
        raise KeysError(f"{path}: {error.strerror}; make it readable") from error
    return (found.st_ino, found.st_mtime_ns, found.st_size)
