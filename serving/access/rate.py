"""How often a key may ask: a bucket of tokens a key, filled by time and emptied by requests."""

import time


class Rate:
    """Lets `rate` requests a second through for each key, and as many at once; 0 lets all through."""

    def __init__(self, rate: float) -> None:
        self._rate, self._most = rate, max(1.0, rate)
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait(self, known: str) -> float:
        """Takes a token: 0 where there was one, else the seconds until there is."""
        if not self._rate:
            return 0.0
        now = time.monotonic()
        tokens, before = self._buckets.get(known, (self._most, now))
        tokens = min(self._most, tokens + (now - before) * self._rate)
        missing = max(0.0, 1.0 - tokens)
        self._buckets[known] = (tokens if missing else tokens - 1.0, now)
        return missing / self._rate
