"""Handing over: a package in a folder of its own, with a short program that needs neither Regraft nor torch."""

import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from data.errors import StorageError
from data.stores.atomic import scratch_folder
from registry.errors import PackageError
from registry.package.package import Package, load_package
from registry.package.parity import TOLERANCE, served_difference

PROGRAMS = Path(__file__).parents[1] / "shipped"
PROGRAM, MODULE, PACKAGE, REQUIREMENTS = "predict.py", "model.py", "package", "requirements.txt"
REQUIRED = ("numpy", "onnxruntime", "pillow")


def hand_over(package: Package, target: Path) -> Path:
    """Writes package, program, its module and what they need into an empty or new folder; whole, or not at all.

    Raises:
        PackageError: the folder holds something, the package was altered or reads files otherwise here, or no program
            reads its kind of sample.
        StorageError: the disk refused a write.
    """
    program, module = _programs(package.transform.sample)
    if not program.is_file():
        raise PackageError(
            f"no program reads samples of kind {package.transform.sample!r} without Regraft; "
            f"load the package with MLflow, see docs/package.md, or add {program.name} to registry/shipped"
        )
    if (difference := served_difference(package)) > TOLERANCE:
        raise PackageError(
            f"on this machine the golden samples of {package.folder} get other answers than in training, by "
            f"{difference:.2g}, over {TOLERANCE}; use the versions of Pillow and onnxruntime that it was packed with"
        )
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise PackageError(f"{target} is no empty folder; name a new or an empty one")
    try:
        _write(package, {PROGRAM: program, MODULE: module}, target)
    except OSError as error:
        raise StorageError(
            f"cannot write {target}: {error.strerror or error}; free disk space or check its rights"
        ) from error
    return target


def _programs(sample: str) -> tuple[Path, Path]:
    """The program for a kind of sample, and the module that it imports."""
    return PROGRAMS / f"predict_{sample}.py", PROGRAMS / f"{sample}_model.py"


def _write(package: Package, programs: Mapping[str, Path], target: Path) -> None:
    with scratch_folder(target.parent, target.name) as draft:
        shutil.copytree(package.folder, draft / PACKAGE)
        if load_package(draft / PACKAGE).digests != package.digests:  # the copy itself, not only what it was made of
            raise PackageError(f"package {package.folder} was changed while it was copied; nothing is handed over")
        for name, program in programs.items():
            shutil.copyfile(program, draft / name)
        needed = "".join(f"{name}=={version(name)}\n" for name in REQUIRED)
        (draft / REQUIREMENTS).write_text(needed, encoding="utf-8")
        if target.exists():
            target.rmdir()  # some systems rename onto no folder, not even an empty one
        draft.chmod(0o755)  # it is for others, too
        draft.rename(target)
