"""What a measurement was taken on: without it a number of seconds says nothing."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

Facts = dict[str, str | int | float]
LIBRARIES = ("torch", "timm", "torchvision", "pytorch-lightning", "onnxruntime")


def machine_facts() -> Facts:
    """Processor, cores that this process may use, memory in GiB, versions, date (UTC) and revision of the code."""
    import psutil  # only to count memory

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()  # macOS has none
    return {
        "cpu": _processor(),
        "cores": cores or 1,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
        "date": datetime.now(UTC).date().isoformat(),
        "revision": _revision(),
    }


def _processor() -> str:
    """The model's name; only Linux tells it in a file."""
    table = Path("/proc/cpuinfo")
    lines = table.read_text(encoding="utf-8").splitlines() if table.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _revision() -> str:
    """The commit, marked where files differ from it; `unknown` outside a clone."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()
