"""What containers run and read, told apart from what there is."""

import importlib.util
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import click
import mlflow.cli
import mlflow.environment_variables
from prefect.settings import Settings as PrefectSettings
from pydantic import BaseModel

from flows.cli import regraft
from settings.machine import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
# Of systems, and of AWS's own library, which s3fs and MLflow use.
OTHERS = {"HOME", "PATH", "PYTHONUNBUFFERED", "DO_NOT_TRACK", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"}
OTHERS |= {"AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
OTHERS |= {"DVC_NO_ANALYTICS", "GX_ANALYTICS_ENABLED", "EVIDENTLY_DISABLE_TELEMETRY", "POD", "DOMAIN"}


def assert_runs(command: list[str]) -> None:
    """Asserts that a command line of ours names a program, subcommands and options that there are."""
    program, *rest = command
    if program == "regraft":
        group = click.Context(regraft)
        found = regraft.get_command(group, rest[0])
        assert found is not None, command
        if isinstance(found, click.Group):
            _, *rest = rest
            found = found.commands[rest[0]]
        found.make_context(rest[0], list(rest[1:]), parent=group)
    elif program == "mlflow":
        mlflow.cli.cli.commands[rest[0]].make_context(rest[0], list(rest[1:]), resilient_parsing=False)
    elif rest[0] == "-m":
        assert importlib.util.find_spec(rest[1]), command
    elif rest[0] == "-c":
        compile(rest[1], program, "exec")
    else:
        words = [word for word in rest if not word.startswith("-")]
        told = _help("prefect", *words[:2])
        assert [word for word in rest if word.startswith("-") and word not in told] == [], command


@cache
def _help(*words: str) -> str:
    ran = subprocess.run([sys.executable, "-m", *words, "--help"], capture_output=True, text=True, check=True)
    return ran.stdout


def unread(names: set[str]) -> set[str]:
    """Of the variables of a process those that neither Regraft nor a library of it reads."""
    libraries = {*_names(Settings, "REGRAFT_", "__"), *_names(PrefectSettings, "PREFECT_", "_"), "PREFECT_HOME"}
    options = {option.envvar for option in mlflow.cli.cli.commands["server"].params if option.envvar}
    known = libraries | options | OTHERS
    return {name for name in names - known if not hasattr(mlflow.environment_variables, name)}


def _names(model: type[BaseModel], prefix: str, joint: str) -> set[str]:
    """The variables of a model of settings, and of the models in it."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        inner = isinstance(kind, type) and issubclass(kind, BaseModel)
        found |= _names(kind, f"{prefix}{name.upper()}{joint}", joint) if inner else {prefix + name.upper()}
    return found
