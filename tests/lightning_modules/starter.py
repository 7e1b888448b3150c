"""Starts fits in processes of their own, forked from this one, which has imported the libraries once for all.

Each line of standard input is an order: a fit's configuration, a file for its output, and what is to happen where. A
place is [phase, epoch, batch]; there the fit sends itself a signal, meets a limit of a resource, or writes the state
that it goes on from. A place may also be the name of a function; it gets the signal instead of being called. The answer
is the process's exit code.
"""

import hashlib
import json
import os
import resource
import runpy
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

import onnxruntime  # noqa: F401 - imported here, so that no fit has to
import peft  # noqa: F401
import torch

import lightning_modules.fitting.fit  # noqa: F401
from lightning_modules.learning.learner import Learner


def digest(value: Any) -> Any:
    """Something short that differs where a tensor, or one inside a list or mapping, differs in a bit."""
    if isinstance(value, torch.Tensor):
        return hashlib.sha256(value.detach().contiguous().numpy().tobytes()).hexdigest()[:12]
    if isinstance(value, dict):
        return {str(key): digest(inner) for key, inner in value.items()}
    return [digest(inner) for inner in value] if isinstance(value, list | tuple) else value


def state(module: Learner, batch: dict[str, torch.Tensor]) -> dict[str, Any]:
    """Everything that decides how a fit goes on from the start of a step."""
    averages = [vars(callback).get("_average_model") for callback in module.trainer.callbacks]
    return {
        "weights and buffers": digest(module.state_dict()),
        "requires_grad": {name: value.requires_grad for name, value in module.named_parameters()},
        "modes": {name: inner.training for name, inner in module.named_modules()},
        "optimizer, groups and rates": digest(module.optimizers().optimizer.state_dict()),
        "schedule": digest(module.lr_schedulers().state_dict()),
        "moving average": [digest(average.state_dict()) for average in averages if average is not None],
        "random numbers": digest(torch.get_rng_state()),
        "batch": digest(batch),
        "place": [module.current_epoch, module.global_step],
    }


def arrange(events: list[tuple[Any, Any]]) -> None:
    """Makes events happen at the start of steps, or of functions."""
    for place, event in events:
        if isinstance(place, str):
            module, name = place.rsplit(".", 1)
            setattr(sys.modules[module], name, lambda *_, number=event: os.kill(os.getpid(), number))
    seed_step = Learner.on_train_batch_start

    def on_train_batch_start(self: Learner, batch: dict[str, torch.Tensor], batch_idx: int) -> None:
        seed_step(self, batch, batch_idx)
        for place, event in events:
            if place == [self.phase.name, self.current_epoch, batch_idx]:
                happen(event, self, batch)

    Learner.on_train_batch_start = on_train_batch_start  # type: ignore[method-assign]


def happen(event: int | str | list[int], module: Learner, batch: dict[str, torch.Tensor]) -> None:
    """A number is a signal, a pair is a limit of a resource, a path takes the state."""
    if isinstance(event, int):
        os.kill(os.getpid(), event)
    elif isinstance(event, list):
        resource.setrlimit(event[0], (event[1], resource.RLIM_INFINITY))
    else:
        Path(event).write_text(json.dumps(state(module, batch)))


def run(order: dict[str, Any]) -> None:
    """Does what `python -m lightning_modules.fitting.fit CONFIG` does, in this process."""
    output = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(order["environment"])
    arrange(order["events"])
    sys.argv = ["fit", order["config"]]
    runpy.run_module("lightning_modules.fitting.fit", run_name="__main__", alter_sys=True)


def start(order: dict[str, Any]) -> int:
    """Runs a fit in a process of its own; returns that process's exit code."""
    child = os.fork()
    if child == 0:
        finish(order)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def finish(order: dict[str, Any]) -> NoReturn:
    """Runs a fit and ends as the interpreter does, but without joining threads that only the parent has."""
    code = 0
    try:
        run(order)
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended, file=sys.stderr)  # noqa: T201
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
        code = 2
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    for line in sys.stdin:
        print(start(json.loads(line)), flush=True)  # noqa: T201
