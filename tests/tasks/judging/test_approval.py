"""A promotion waits for a named person, and without an answer nothing changes."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.runtime import flow_run

from registry.gate.config import ApprovalConfig, CanaryConfig, GateConfig
from registry.ledger.canaries import begin_canary, end_canary, open_canary
from registry.ledger.events import Events
from registry.ledger.notices import notices
from registry.store.verdicts import Verdict
from settings.machine import load_settings
from tasks.judging import approval
from tasks.judging.approval import Answer, approval_needed, ask_approval, hold

ADA = ApprovalConfig(approvers=("Ada", "Grace"), hours=0.05)


@pytest.fixture
def ask(
    project: Path, prefect_api: str, verdict: Callable[..., Verdict], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Runs the flow while somebody answers in the UI; returns what it returned and how its run ended."""
    monkeypatch.setattr(approval, "POLL_SECONDS", 1)

    def run(answer: dict[str, Any] | None, config: ApprovalConfig = ADA) -> tuple[Answer, StateType, list[str]]:
        told: list[UUID] = []
        refused: list[str] = []

        @flow(name="asking")
        def asking() -> Answer:
            """Says which flow run it is, and asks."""
            told.append(UUID(str(flow_run.id)))
            return ask_approval(verdict(2, 1), config)

        clicks = threading.Thread(target=_resume, args=(told, answer, refused))
        if answer:
            clicks.start()
        found = asking()
        if answer:
            clicks.join()
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(told[0]).state
        assert state is not None
        return found, state.type, refused

    return run


def waiting() -> list[str]:
    """What whoever looks at the domain is told."""
    return [found.text for found in notices(Events(load_settings().ledger).latest("photos"), None)]


def _resume(told: list[UUID], answer: dict[str, Any], refused: list[str]) -> None:
    """What the UI does: waits for the paused run and its form; first under a name that may not approve."""
    deadline = time.monotonic() + 60
    with get_client(sync_client=True) as client:
        while time.monotonic() < deadline:
            state = client.read_flow_run(told[0]).state if told else None
            if state and state.type == StateType.PAUSED:
                result = client.resume_flow_run(told[0], run_input={**answer, "approver": "Mallory"})
                refused.append(result.status.value)
                refused.extend(waiting())
                client.resume_flow_run(told[0], run_input=answer)
                return
            time.sleep(0.1)


def test_ask_approval__granted(ask):
    """The named approver's answer is what the ledger keeps; a name that is not on the list is refused.

    Whoever looks meanwhile is told who is waited for, and afterwards nothing.
    """
    found, state, refused = ask({"approve": True, "approver": "Ada", "comment": "looked at the errors"})
    assert found.granted
    assert '"approver": "Ada"' in found.text
    assert '"comment": "looked at the errors"' in found.text
    assert (state, refused[0]) == (StateType.COMPLETED, "REJECT")
    assert refused[1].startswith("v2 waits for the approval of Ada or Grace until 20")
    assert waiting() == []


def test_ask_approval__refused(ask):
    """A refusal is told with its comment."""
    found, state, _ = ask({"approve": False, "approver": "Grace", "comment": "wrong season"})
    assert (found.granted, found.reason, found.text) == (False, "Grace refused: wrong season", "")
    assert state == StateType.COMPLETED


def test_ask_approval__nobody_answers(ask):
    """When the time is over the flow goes on to its end without having failed."""
    found, state, _ = ask(None, ApprovalConfig(approvers=("Ada",), hours=2 / 3600))
    assert (found.granted, state) == (False, StateType.COMPLETED)
    assert found.reason.startswith("nobody approved within")
    assert waiting() == []


def test_ask_approval__no_server(verdict, monkeypatch):
    """Where no server stays after the command, nobody could answer, and the remedy is named."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        found = ask_approval(verdict(2, 1), ADA)
    assert not found.granted
    assert "regraft up" in found.reason


def test_ask_approval__server_of_the_command_alone(verdict, prefect_api, monkeypatch):
    """A server that ends with the command is none that stays."""
    monkeypatch.setenv("REGRAFT_TEMPORARY_SERVER", "1")
    found = ask_approval(verdict(2, 1), ADA)
    assert not found.granted
    assert "regraft up" in found.reason


def test_approval_needed__only_for_a_promotion(verdict):
    """Nobody is asked about what the gate does not let pass or leave open, nor where the domain names nobody."""
    rule, found = GateConfig(floor=0.5, approval=ADA), verdict(2, 1)
    for outcome, asked in {"PROVISIONAL": ADA, "HOLD": None}.items():
        decision = found.decision.model_copy(update={"outcome": outcome})
        assert approval_needed(replace(found, decision=decision), rule) is asked
    assert approval_needed(verdict(2, 1), rule) is ADA
    assert approval_needed(verdict(2, 1, floor=1.5), rule) is None
    assert approval_needed(verdict(2, 1), GateConfig(floor=0.5)) is None


@pytest.mark.usefixtures("tracked")
def test_hold__changes_nothing(verdict):
    """The reason comes first; there is still no champion."""
    found = hold.fn(verdict(2, 1), "nobody approved within 24 hours")
    assert (found.outcome, found.champion) == ("HOLD", None)
    assert found.reasons[0] == "nobody approved within 24 hours"
    assert found.reasons[-1] == "`regraft promote photos 2` asks again"


def test_approval_needed__after_the_canary(verdict, project):
    """Where the rule has a canary a person is asked about what it left open, not before."""
    found, events = verdict(2, 1), Events(load_settings().ledger)
    open_question = replace(found, decision=found.decision.model_copy(update={"outcome": "PROVISIONAL"}))
    rule = GateConfig(floor=0.5, approval=ADA, canary=CanaryConfig())
    assert approval_needed(open_question, rule) is None
    begin_canary(events, "photos", 2)
    assert approval_needed(open_question, rule) is None
    end_canary(events, open_canary(events, "photos"), "HOLD", "time is over")
    assert approval_needed(open_question, rule) is ADA
    assert approval_needed(found, rule) is ADA
