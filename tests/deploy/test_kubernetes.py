"""The manifests: closed by default, nobody is root, secrets by reference, commands and variables that there are."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.commands import DEPLOY, assert_runs, unread

FOLDER = DEPLOY / "kubernetes"
FILES = sorted(path for path in FOLDER.rglob("*.yaml") if path.name != "kustomization.yaml")
DOCUMENTS: list[dict[str, Any]] = [
    one for path in FILES for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))
]
PODS = {
    f"{one['kind']}/{one['metadata']['name']}": one["spec"]["template"]["spec"]
    for one in DOCUMENTS
    if one["kind"] in {"Deployment", "StatefulSet", "Job"}
}
MAPS = {
    one["name"]: {literal.partition("=")[0] for literal in one.get("literals", [])}
    for path in FOLDER.rglob("kustomization.yaml")
    for one in yaml.safe_load(path.read_text(encoding="utf-8")).get("configMapGenerator", [])
}
OVERLAYS = ["overlays/trial", "overlays/production", "training"]


@pytest.mark.parametrize("name", PODS)
def test_pod__is_no_root_and_asks_for_resources(name: str) -> None:
    """Every pod has one container, without rights, with requests and a limit of memory; what stays up has probes."""
    pod = PODS[name]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {"cpu", "memory"} <= {*container["resources"]["requests"]}
    assert "memory" in container["resources"]["limits"]
    assert name.startswith("Job/") or "livenessProbe" in container
    assert container["image"] == "regraft" or re.search(r":v?\d", container["image"])


@pytest.mark.parametrize("name", [name for name, pod in PODS.items() if pod["containers"][0]["image"] == "regraft"])
def test_pod__commands_and_variables(name: str) -> None:
    """What runs in our image exists, and each variable is read."""
    container = PODS[name]["containers"][0]
    if "command" not in container:
        assert_runs(container["args"])
    given = {one["name"] for one in container.get("env", [])}
    given |= {
        key for one in container.get("envFrom", []) for key in MAPS.get(one.get("configMapRef", {}).get("name"), ())
    }
    assert unread(given) == set()
    ports = {str(port["containerPort"]) for port in container.get("ports", [])}
    told = str(container.get("args")) + str(container.get("env")) + str(MAPS)
    assert [port for port in ports if port not in told and port != "29500"] == []


def test_secrets__are_only_referred_to() -> None:
    """No secret lies in a file; what is one by its name comes from one."""
    assert not [one for one in DOCUMENTS if one["kind"] == "Secret"]
    variables = [one for pod in PODS.values() for one in pod["containers"][0].get("env", [])]
    secret = [one for one in variables if re.search("PASSWORD|SECRET|AUTH|STORE_URI|CONNECTION|LEDGER", one["name"])]
    assert len(secret) == 5
    assert all("secretKeyRef" in one["valueFrom"] for one in secret)


def test_network__is_closed_but_for_what_is_named() -> None:
    """Nothing is let in or out by default; every server has a rule for its port."""
    policies = {one["metadata"]["name"]: one["spec"] for one in DOCUMENTS if one["kind"] == "NetworkPolicy"}
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    services = {
        one["metadata"]["name"]: one["spec"]["ports"][0]["port"] for one in DOCUMENTS if one["kind"] == "Service"
    }
    open_ports = {name: policies[name]["ingress"][0].get("ports", [{}])[0].get("port") for name in services}
    assert open_ports == {**services, "retrain": None}  # whose processes talk on any port, to each other


def test_databases__are_those_of_compose() -> None:
    """Kustomize reads no file outside of its folder, so there are two copies."""
    assert (FOLDER / "databases" / "databases.sql").read_text() == (DEPLOY / "compose" / "databases.sql").read_text()


@pytest.mark.parametrize(("index", "code", "ends"), [("0", 0, 0), ("0", 3, 0), ("0", 4, 0), ("0", 1, 1), ("1", 0, 7)])
def test_retrain__script(tmp_path: Path, index: str, code: int, ends: int) -> None:
    """The first pod retrains, and HOLD or REJECT is no failure of the Job; the second one joins."""
    for program, result in (("regraft", code), ("python", 7)):
        (tmp_path / program).write_text(f'#!/bin/sh\necho {program} "$@"\nexit {result}\n')
        (tmp_path / program).chmod(0o755)
    container = PODS["Job/retrain"]["containers"][0]
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "JOB_COMPLETION_INDEX": index, "DOMAIN": "solar"}
    script = ["sh", "-c", container["args"][0]]
    ran = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, container["command"][-2:]) == (ends, ["sh", "-c"])
    program, *rest = ran.stdout.split()
    assert_runs([program, *rest[:2]] if program == "python" else [program, *rest[:2], "--reason", "x"])


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl, which holds kustomize, is not installed")
def test_overlay__is_valid(overlay: str, tmp_path: Path) -> None:
    """Kustomize builds it; with kubernetes-validate installed each object is checked against Kubernetes' schema."""
    built = subprocess.run(["kubectl", "kustomize", FOLDER / overlay], capture_output=True, text=True, check=True)
    images = {one for one in re.findall(r"image: (\S+)", built.stdout) if "regraft" in one}
    assert images <= {"regraft:0.1.0-cpu", "regraft:0.1.0-cu130", "registry.example.org/regraft:0.1.0-cu130"}
    assert images
    pytest.importorskip("kubernetes_validate")
    (tmp_path / "all.yaml").write_text(built.stdout)
    check = [sys.executable, "-m", "kubernetes_validate", "--strict", str(tmp_path / "all.yaml")]
    ran = subprocess.run(check, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
