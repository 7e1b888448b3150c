"""All domains at a glance."""

import os
import subprocess
import sys

import pytest

from flows.shown.domains import list_domains
from registry.ledger.leases import domain_lease
from registry.ledger.ledger import Change, Ledger
from registry.ledger.watch.checks import CheckRecord
from settings.machine import load_settings
from tasks.domain import domain_names
from tasks.events import tell_check


@pytest.mark.usefixtures("tracked")
def test_list_domains__sound_and_broken(project):
    """What is in production and runs; a broken file is told in its own line, and the others are there."""
    (project / "domains" / "broken.yaml").write_text("data: [")
    plan = project / "domains" / "solar.yaml"
    plan.write_text(plan.read_text().replace("# monitor:", "monitor:"))
    Ledger(load_settings().ledger).append(Change("digits", "promote", None, 3, "Ada", "r", "", "d"))
    tell_check(CheckRecord("digits", 3, "w", suspect=False, outcome="broken data", reason="a stuck camera"))
    with domain_lease("digits", "retrain"):
        found = {one.name: one for one in list_domains()}
    assert {"broken", "digits", "solar"} <= set(found)
    assert (found["digits"].champion, found["digits"].fault, found["digits"].open) == (3, "", 1)
    assert found["digits"].running.startswith(f"retrain runs in process {os.getpid()} of ")
    assert "not valid YAML" in found["broken"].fault
    assert (found["solar"].champion, found["solar"].running, found["solar"].monitor) == (None, "", "0 * * * *")


def test_list_domains__loads_no_library_of_data_or_training(project):
    """A look at all domains reads their files and the ledger alone, so nothing heavy is imported."""
    code = "import sys; from flows.shown.domains import list_domains; print(len(list_domains()), *sys.modules)"
    ran = subprocess.run([sys.executable, "-P", "-c", code], cwd=project, capture_output=True, text=True, check=True)
    number, *loaded = ran.stdout.split()
    assert int(number) == len(domain_names(project))
    heavy = {"torch", "mlflow", "prefect", "pandas", "pyarrow", "great_expectations", "sklearn"}
    assert not heavy & set(loaded)
