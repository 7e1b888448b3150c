"""A decision is good for what it was about: these packages, this rule, this test set."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from registry.errors import GateError
from registry.gate.config import GateConfig
from registry.ledger.records import Decided
from registry.shipped.manifest import MANIFEST


def package_sha256(folder: Path) -> str:
    """Names a package: hex digest of its manifest, which names every file in it."""
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def rule_sha256(config: GateConfig) -> str:
    """Names the rule: hex digest of what the `gate:` section says other than the defaults.

    Who has to agree, and what follows on a decision that is open, are no part of it. A release with a further field has
    the same name for the same section.
    """
    said = config.model_dump_json(exclude={"approval", "canary"}, exclude_defaults=True)
    return hashlib.sha256(said.encode()).hexdigest()


def refuse_unbound(name: str, decided: Decided, present: Mapping[str, str], packages: Mapping[str, str]) -> None:
    """Refuses a decision that was about something else than what is there now.

    Args:
        name: what was decided on, for people.
        decided: what it was bound to.
        present: `rule` and `test_set` as they are now, `evidence` and `champion` as the recorded decision has them.
        packages: sha256 of the packages as they are now, by version.

    Raises:
        GateError: names what differs, and the remedy.
    """
    differ = {
        "the recorded decision is another than the one that was made": (decided.evidence, str(decided.champion))
        != (present["evidence"], present["champion"]),
        "`gate:` in the domain's YAML has changed": decided.rule != present["rule"],
        "the test set has changed": decided.test_set != present["test_set"],
        "a package has changed": dict(decided.packages) != dict(packages),
    }
    found = [text for text, holds in differ.items() if holds]
    if found:
        raise GateError(f"{name}: since it was judged {' and '.join(found)}; `regraft evaluate` it again")
