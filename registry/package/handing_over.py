"""Handing over: a package in a folder of its own, with a program that needs neither Regraft nor torch."""

import shutil
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from data.errors import StorageError
from registry.errors import PackageError
from registry.package.package import Package, load_package

PROGRAMS = Path(__file__).parents[1] / "shipped"
PROGRAM, PACKAGE, REQUIREMENTS = "predict.py", "package", "requirements.txt"
REQUIRED = ("numpy", "onnxruntime", "pillow")


def hand_over(package: Package, target: Path) -> Path:
    """Writes package, program and what the program needs into an empty or new folder; whole, or not at all.

    Raises:
        PackageError: the folder holds something, the package was altered, or no program reads its kind of sample.
        StorageError: the disk refused a write.
    """
    program = PROGRAMS / f"predict_{package.transform.sample}.py"
    if not program.is_file():
        raise PackageError(
            f"no program reads samples of kind {package.transform.sample!r} without Regraft; "
            f"load the package with MLflow, see docs/package.md, or add {program.name} to registry/shipped"
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise PackageError(f"{target} is no empty folder; name a new or an empty one")
    try:
        _write(package.folder, program, target)
    except OSError as error:
        raise StorageError(
            f"cannot write {target}: {error.strerror or error}; free disk space or check its rights"
        ) from error
    return target


def _write(package: Path, program: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as temporary:
        draft = Path(temporary, "whole")
        shutil.copytree(package, draft / PACKAGE)
        load_package(draft / PACKAGE)  # what is handed over is verified, not only what it was copied from
        shutil.copyfile(program, draft / PROGRAM)
        needed = "".join(f"{name}=={version(name)}\n" for name in REQUIRED)
        (draft / REQUIREMENTS).write_text(needed, encoding="utf-8")
        if target.exists():
            target.rmdir()  # some systems rename onto no folder, not even an empty one
        draft.rename(target)
