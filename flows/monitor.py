"""Monitor: look at the newest traffic, decide what should follow, start it, and tell people."""

from prefect import flow

from tasks.domain import load_domain
from tasks.events import told_run
from tasks.leaving.upkeep import tend_log
from tasks.monitor import check_traffic
from tasks.watch.acting.alerting import alert
from tasks.watch.acting.deciding import decide_check
from tasks.watch.acting.delivering import deliver
from tasks.watch.report import MonitorReport, nothing_to_watch, reported


@flow(name="monitor", flow_run_name="monitor {domain}")
def monitor(domain: str) -> MonitorReport:
    """Checks the champion's traffic; what follows is on record before it is started.

    Args:
        domain: Name of the file below domains/.
    """
    config = load_domain(domain)
    with told_run(domain, "monitor"):
        seen = check_traffic(config)
        if seen is None:
            return nothing_to_watch(domain)
        check = decide_check(config, seen)
        started = deliver(domain)
        alert(domain)
    tend_log(domain)
    return reported(seen, check, started)
