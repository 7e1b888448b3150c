"""How good a version is, from what was stored when it was judged: no test sample is looked at again."""

from evaluation.inference.interval import Interval
from evaluation.predictions.predictions import Predictions, in_common
from evaluation.predictions.storage import predictions_path, read_predictions
from evaluation.report.page import Report, write_report
from evaluation.report.summary import class_rows, confusions
from registry.errors import GateError, ModelNotFoundError
from registry.ledger.events import Events
from registry.ledger.ledger import Ledger
from registry.ledger.notices import stress_state
from registry.store.figures import read_figures
from registry.store.models import DECISION_RUN, describe_versions, model_version
from registry.store.tracking import run_address, run_metrics
from registry.store.verdicts import Verdict
from settings.machine import load_settings
from tasks.domain import load_domain
from tasks.judging.promote import read_verdict

CONFUSIONS = 5
STRESSED, MEAN = ("corrupted_", "attacked_"), "/mean"


def report_version(domain: str, version: int | None = None) -> Report:
    """Gathers what is known of a version and writes its page below .regraft/reports.

    None named is the champion, or before there is one the newest that was judged.

    Raises:
        ConfigError: there is no such domain.
        ModelNotFoundError: no version was judged yet, or there is no such version.
        GateError: the version was never judged, or what it said is not kept on this machine.
    """
    load_domain(domain)
    number = version or _shown(domain)
    verdict = read_verdict.fn(domain, number)
    said, rival = _stored(verdict)
    run_id = model_version(domain, number).tags[DECISION_RUN]
    path = load_settings().home / "reports" / domain / f"v{number}.html"
    facts = {**_facts(verdict), "stress test": stress_told(domain, number)}
    report = Report(
        domain, number, verdict.champion, facts, class_rows(said, rival), confusions(said, CONFUSIONS),
        run_address(run_id), str(path),
    )  # fmt: skip
    write_report(path, report, read_figures(run_id))
    return report


def _shown(domain: str) -> int:
    """The version in production; before there is one, the newest that the gate has judged."""
    champion = Ledger(load_settings().ledger).champion(domain)
    if champion is not None:
        return champion
    judged = [number for number, tags in describe_versions(domain).items() if DECISION_RUN in tags]
    if not judged:
        raise ModelNotFoundError(f"no version of {domain!r} was judged yet; run `regraft retrain {domain}`")
    return max(judged)


def _stored(verdict: Verdict) -> tuple[Predictions, Predictions | None]:
    """What both models said when they were compared, on the samples that both were judged on."""
    home, name, data = load_settings().home, verdict.domain, verdict.dataset_version
    path = predictions_path(home, name, verdict.version, data)
    if not path.exists():
        raise GateError(
            f"{name!r} v{verdict.version}: its predictions are not kept at {path}; "
            "look on the machine that judged it, or at its run in MLflow"
        )
    rival = None if verdict.champion is None else predictions_path(home, name, verdict.champion, data)
    said = read_predictions(path)
    return in_common(said, read_predictions(rival)) if rival is not None and rival.exists() else (said, None)


def _facts(verdict: Verdict) -> dict[str, str]:
    """The headline, beside the champion of that moment, and what was decided."""
    decision = verdict.decision
    found = {decision.metric: f"{_text(decision.challenger)} on {decision.samples} test samples"}
    if verdict.champion and decision.champion and decision.difference:
        found[f"{decision.metric} of v{verdict.champion}"] = f"{_text(decision.champion)}, the champion of then"
        found["improvement"] = _text(decision.difference)
    if decision.gain and decision.gain != decision.difference:
        found[f"improvement of {decision.config.score}"] = _text(decision.gain)
    return {**found, "decision": decision.outcome, "why": "; ".join(decision.reasons)}


def stress_told(domain: str, version: int) -> str:
    """How good a version is on disturbed images, or why that is not known."""
    metrics = run_metrics(model_version(domain, version).tags[DECISION_RUN])
    means = {name: value for name, value in metrics.items() if name.startswith(STRESSED) and name.endswith(MEAN)}
    if means:
        return ", ".join(f"{name.removesuffix(MEAN).replace('_', ' ')} {value:.3f}" for name, value in means.items())
    events = Events(load_settings().ledger).latest(domain)
    return stress_state(events, version) or "of nothing: the domain asks for none"


def _text(found: Interval) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"
