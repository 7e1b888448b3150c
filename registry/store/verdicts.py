"""The gate's decision about a version, as it is recorded in MLflow beside the run of the version."""

import json
from dataclasses import dataclass

from pydantic import ValidationError

from registry.errors import GateError
from registry.gate.decision import Decision, recorded_sha256
from registry.store.models import DECISION_RUN, model_version
from registry.store.tracking import read_text


@dataclass(frozen=True)
class Verdict:
    """The gate's decision about a version, against the champion of that moment; `evidence` is its sha256 on record."""

    domain: str
    version: int
    champion: int | None
    dataset_version: str
    decision: Decision
    evidence: str


def recorded_verdict(name: str, version: int) -> Verdict:
    """The gate's latest decision about a version, as it was recorded.

    Raises:
        GateError: the version was never evaluated, or by a release that recorded something else.
        RegistryError: MLflow is down.
    """
    run_id, remedy = model_version(name, version).tags.get(DECISION_RUN), f"`regraft evaluate {name} {version}`"
    if run_id is None:
        raise GateError(f"{name!r} v{version} was never judged; run {remedy} first")
    found = json.loads(read_text(run_id, "decision.json"))
    try:
        decision = Decision.model_validate_json(json.dumps(found["decision"]))
    except ValidationError as error:
        raise GateError(f"{name!r} v{version} was judged by another release; run {remedy} again") from error
    recorded = recorded_sha256(found["decision"])
    return Verdict(name, version, found["champion"], found["dataset_version"], decision, recorded)
