"""Monitor: look at the newest traffic and say what should follow."""

from prefect import flow

from tasks.domain import load_domain
from tasks.monitor import MonitorReport, announce_drift, check_drift


@flow(name="monitor", flow_run_name="monitor {domain}")
def monitor(domain: str) -> MonitorReport:
    """Checks the champion's traffic; drift is announced as an event, which starts a retrain where that is deployed."""
    report = check_drift(domain, load_domain(domain).monitoring)
    if report.action == "retrain":
        announce_drift(report)
    return report
