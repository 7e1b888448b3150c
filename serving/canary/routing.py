"""Who answers a request while a canary runs."""

import hashlib


def is_canarys(caller: str, share: float) -> bool:
    """Whether a caller is of the share that the canary answers; the same caller is, as long as the share does not sink.

    Args:
        caller: what names the session, the key or, where a request has neither, the request itself.
        share: from 0 to 1.
    """
    place = int.from_bytes(hashlib.sha256(caller.encode()).digest()[:8]) / 2**64
    return place < share
