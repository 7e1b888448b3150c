"""Names of metrics as MLflow takes them: a slice may be called anything, and no two slices may share a name."""

import hashlib
import re

LONGEST = 250
TAKEN = re.compile(r"[/\w.\- :]+")  # MLflow's rule; \w holds the letters of any script
REPLACED = re.compile(r"[^/\w.\- :]")


def metric_name(wanted: str) -> str:
    """The name itself where MLflow takes it; else what can be read of it, and a digest that tells it from others.

    MLflow takes 250 letters, digits and `_-./: `, and reads `/` as a path, which must have no other spelling.
    """
    parts = [part for part in wanted.split("/") if part not in {"", ".", ".."}]
    plain = "/".join(parts)
    if plain == wanted and TAKEN.fullmatch(wanted) and len(wanted) <= LONGEST:
        return wanted
    digest = hashlib.sha256(wanted.encode()).hexdigest()[:8]
    return f"{REPLACED.sub('_', plain)[: LONGEST - len(digest) - 1]} {digest}"
