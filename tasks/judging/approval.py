"""A person's agreement before a promotion: the flow pauses in the Prefect UI until a named approver answers."""

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from prefect.client.orchestration import get_client
from prefect.exceptions import FlowPauseTimeout
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput
from prefect.runtime import flow_run
from prefect.states import Running
from prefect.utilities.urls import url_for
from pydantic import create_model

from registry.gate.config import ApprovalConfig, GateConfig
from registry.ledger.canaries import has_been_canary
from registry.ledger.events import Events
from registry.ledger.ledger import Ledger
from registry.store.verdicts import Verdict
from settings.machine import load_settings
from tasks.events import announce_approval, settle_approval
from tasks.judging.outcome import outcome_task
from tasks.judging.promote import Promotion
from tasks.policy import IO
from tasks.server import lasting_server

logger = logging.getLogger(__name__)
POLL_SECONDS = 5


class Approval(RunInput):
    """What the UI asks for before a promotion."""

    approve: bool
    approver: str
    comment: str = ""


@dataclass(frozen=True)
class Answer:
    """Whether a promotion may go on, and why not; `text` is what the ledger keeps: who, when, comment, as JSON."""

    granted: bool
    reason: str
    text: str = ""


def approval_needed(verdict: Verdict | None, config: GateConfig) -> ApprovalConfig | None:
    """Who has to agree, if anybody: to what the gate would promote, or leaves open because no harm is shown.

    Where the rule has a canary they are asked about what is left open once it has ended.
    """
    if verdict is None or verdict.decision.outcome not in ("PROMOTE", "PROVISIONAL"):
        return None
    waits = verdict.decision.outcome == "PROVISIONAL" and config.canary
    if waits and not has_been_canary(Events(load_settings().ledger), verdict.domain, verdict.version):
        return None
    return config.approval


def ask_approval(verdict: Verdict, config: ApprovalConfig) -> Answer:
    """Pauses the calling flow until an approver answers in the UI or the time is over.

    It is the flow that pauses, so this is no task. Whoever resumes the run chooses one of the names: Prefect's own
    server knows no persons, so a name is as trustworthy as the access to that server.
    """
    if not lasting_server():
        return Answer(granted=False, reason="approval needs a Prefect server that stays: start `regraft up` first")
    announce_approval(verdict, config, str(url_for("flow-run", obj_id=flow_run.id)))
    try:
        given = pause_flow_run(_form(verdict, config), round(config.hours * 3600), POLL_SECONDS)
    except FlowPauseTimeout:
        settle_approval(verdict)
        _go_on()
        return Answer(granted=False, reason=f"nobody approved within {config.hours:g} hours")
    settle_approval(verdict)
    if not given.approve:
        return Answer(granted=False, reason=f"{given.approver} refused: {given.comment or 'no comment'}")
    logger.info("%s approved %s v%d", given.approver, verdict.domain, verdict.version)
    return Answer(granted=True, reason=f"approved by {given.approver}", text=approval_text(given))


def approval_text(given: Approval) -> str:
    """What the ledger keeps of an approval, as JSON: who agreed, when (UTC) and with which comment."""
    time = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({"approver": given.approver, "time": time, "comment": given.comment})


@outcome_task(name="promote", task_run_name="promote {verdict.domain} v{verdict.version}", **IO)
def hold(verdict: Verdict, reason: str) -> Promotion:
    """What a promotion without agreement comes to: nothing changes."""
    champion = Ledger(load_settings().ledger).champion(verdict.domain)
    remedy = f"`regraft promote {verdict.domain} {verdict.version}` asks again"
    reasons = (reason, *verdict.decision.reasons, remedy)
    return Promotion(verdict.domain, verdict.version, "HOLD", reasons, champion)


def _form(verdict: Verdict, config: ApprovalConfig) -> type[Approval]:
    """The form that the UI shows, with the decision above it; the server refuses other names."""
    names: Any = Literal
    form = create_model("Approval", __base__=Approval, approver=(names[config.approvers], ...))
    return form.with_initial_data(description=verdict.decision.markdown())


def _go_on() -> None:
    """Sets the flow run to running again: the server marks one whose pause has expired as failed, but it is not."""
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(flow_run.id, Running(), force=True)
