"""The contract of a package's model: what ONNX Runtime must find in it before anything is predicted."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data.specs.spec import Spec
from data.targets.task import Task, output_names
from lightning_modules.network.onnx import open_session, run_session
from registry.errors import PackageError
from registry.shipped.pyfunc import TYPES
from settings.machine import load_settings

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

EMBEDDING = "embedding"


def open_model(model: bytes, spec: Spec, tasks: Mapping[str, Task], folder: Path) -> "InferenceSession":
    """A session on a model's bytes that takes arrays of the spec and answers every task; `folder` is for the message.

    Raises:
        PackageError: the installed ONNX Runtime does not run it, or its inputs or outputs are others.
    """
    try:
        session = open_session(model, load_settings().cores)
        fault = _names(session, spec, tasks) or _shapes(session, spec, tasks)
    except Exception as error:  # faults of ONNX Runtime have no base of their own
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise PackageError(
            f"package {folder}: ONNX Runtime {version('onnxruntime')} does not run model.onnx ({reason}); "
            "update onnxruntime, or register the model again"
        ) from error
    if fault:
        raise PackageError(f"package {folder}: {fault}; roll back or register the model again")
    return session


def _names(session: "InferenceSession", spec: Spec, tasks: Mapping[str, Task]) -> str:
    """How names and type of inputs and outputs differ from what is promised; nothing where they do not."""
    given, found = session.get_inputs(), [output.name for output in session.get_outputs()]
    inputs, wanted = [one.name for one in given], [*output_names(tasks), EMBEDDING]
    if inputs != [spec.input_name]:
        return f"model.onnx takes {', '.join(inputs) or 'nothing'}, transform.json promises {spec.input_name}"
    if TYPES.get(given[0].type) != spec.dtype:
        return f"model.onnx takes {given[0].type}, transform.json promises {spec.dtype}"
    if found != wanted:
        return f"model.onnx gives {', '.join(found)}, labels.json promises {', '.join(wanted)}"
    return ""


def _shapes(session: "InferenceSession", spec: Spec, tasks: Mapping[str, Task]) -> str:
    """How what the model makes of two samples differs from what is promised; nothing where it does not."""
    *answers, embedding = run_session(session, np.stack([spec.example()] * 2))
    for (name, task), answer in zip(tasks.items(), answers, strict=True):
        if answer.shape != (2, len(task.columns)):
            columns = answer.shape[-1] if answer.ndim else 0
            return f"model.onnx answers {name!r} in {columns} columns, labels.json names {len(task.columns)}"
    if embedding.ndim != 2 or len(embedding) != 2:
        return f"model.onnx gives embeddings of shape {embedding.shape} for two samples"
    return ""
