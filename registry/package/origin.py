"""Where a package belongs: domain and run, which its manifest and its signature cover from registration on."""

import json
import shutil
from pathlib import Path

from data.stores.atomic import write_text
from registry.errors import PackageError
from registry.package.package import Package, load_package
from registry.package.packing import seal

NAME = "origin.json"


def bound_copy(package: Package, target: Path, domain: str, run_id: str) -> Package:
    """Copies a package into the new folder `target`, names there what it belongs to, and seals that.

    Raises:
        PackageError: the copy cannot be signed.
        StorageError: the disk refused a write.
    """
    shutil.copytree(package.folder, target)
    write_text(target / NAME, json.dumps({"domain": domain, "run": run_id}, indent=1))
    seal(target, {name: digest for name, digest in (package.digests or {}).items() if name != NAME})
    return load_package(target)


def check_origin(package: Package, domain: str, version: int, run_id: str) -> None:
    """Notices a verified package that lies in another's place.

    Raises:
        PackageError: the package belongs to another domain or run, or does not say where it belongs.
    """
    try:
        origin = json.loads(package.content(NAME))
        found = str(origin["domain"]), str(origin["run"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PackageError(
            f"package {package.folder} does not say what it belongs to ({error}); register the model again"
        ) from error
    if found != (domain, run_id):
        raise PackageError(
            f"in the place of {domain!r} v{version} (run {run_id}) lies a package of {found[0]!r} (run {found[1]}): "
            "the artifact store or MLflow was changed; mend it and delete "
            f"{package.folder}, or roll back to another version"
        )
