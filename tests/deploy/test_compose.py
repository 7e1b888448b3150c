"""compose.yaml: valid, closed to other machines, and made of commands and variables that there are."""

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.deploy.commands import DEPLOY, assert_runs, unread

FILE = DEPLOY / "compose.yaml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"].startswith("regraft:")}


def test_compose__is_valid() -> None:
    """By the schema of the Compose specification."""
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    ran = subprocess.run(check, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("name", OURS)
def test_compose__commands_and_variables(name: str) -> None:
    """Each container of ours runs what there is, under an ordinary user, and is told nothing that nobody reads."""
    one = OURS[name]
    assert_runs(one["command"])
    if "test" in one.get("healthcheck", {}):
        assert_runs(one["healthcheck"]["test"][1:])
    assert unread({*one["environment"]}) == set()
    assert one["user"] == "${PROJECT_UID:-1000}:${PROJECT_GID:-1000}"


def test_compose__is_reached_from_this_machine_alone() -> None:
    """Every port is published on 127.0.0.1, and is the one that is asked for health, or given to the command."""
    for name, one in SERVICES.items():
        for host, outside, inside in (port.split(":") for port in one.get("ports", [])):
            assert (host, outside) == ("127.0.0.1", inside)
            assert inside in str(one.get("healthcheck", "")) + str(one.get("command", "")), name


def test_compose__images_and_health() -> None:
    """Images are of one version; what others wait for tells its health; secrets come from the environment."""
    for name, one in SERVICES.items():
        assert re.search(r":v?\d", one["image"]), name
        for other, wait in one.get("depends_on", {}).items():
            told = "healthcheck" in SERVICES[other] or other == "service"  # whose image tells
            assert wait["condition"] == "service_completed_successfully" or told, (name, other)
        secret = [value for key, value in one.get("environment", {}).items() if re.search("PASSWORD|SECRET|AUTH", key)]
        assert all("${" in value for value in secret), name


def test_compose__example_names_every_variable() -> None:
    """.env.example has a line for each variable of the file, and no value for a secret."""
    named = set(re.findall(r"\$\{(\w+)", FILE.read_text(encoding="utf-8"))) | {"METRICS_KEY"}
    example = dict(re.findall(r"^(\w+)=(.*)", (DEPLOY / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert {*example} == named
    assert [name for name, value in example.items() if value and re.search("PASSWORD|SECRET|METRICS", name)] == []


def test_compose__parts_agree() -> None:
    """Prometheus asks the service under a name that it answers to; databases are made that are named; files exist."""
    scraped = yaml.safe_load((DEPLOY / "compose" / "prometheus.yaml").read_text(encoding="utf-8"))["scrape_configs"][0]
    assert scraped["static_configs"] == [{"targets": ["service:8000"]}]
    assert SERVICES["service"]["environment"]["REGRAFT_SERVING__HOSTS"] == "service"
    assert scraped["authorization"]["credentials_file"] == f"/run/secrets/{SERVICES['prometheus']['secrets'][0]}"
    made = re.findall(r"CREATE DATABASE (\w+);", (DEPLOY / "compose" / "databases.sql").read_text(encoding="utf-8"))
    assert {*re.findall(r"postgres:5432/(\w+)", FILE.read_text(encoding="utf-8"))} == {*made}
    files = [volume.split(":")[0] for one in SERVICES.values() for volume in one.get("volumes", []) if volume[0] == "."]
    assert [name for name in files if not (DEPLOY / name).exists()] == []
