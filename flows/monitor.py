"""Monitor: look at the newest traffic and say what should follow."""

from prefect import flow

from tasks.domain import load_domain
from tasks.events import told_run
from tasks.monitor import MonitorReport, announce_drift, check_drift
from tasks.upkeep import tend_log


@flow(name="monitor", flow_run_name="monitor {domain}")
def monitor(domain: str) -> MonitorReport:
    """Checks the champion's traffic; drift is announced as an event, which starts a retrain where that is deployed."""
    config = load_domain(domain).monitoring
    with told_run(domain, "monitor"):
        report = check_drift(domain, config)
        if report.action == "retrain":
            announce_drift(report)
    tend_log(domain)
    return report
