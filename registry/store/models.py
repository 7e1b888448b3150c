"""Registered models: one a domain in MLflow; which version is in production is the ledger's word."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from data.stores.atomic import scratch_folder
from registry.cards.model_card import card_gaps
from registry.errors import ModelNotFoundError, PackageError
from registry.ledger.ledger import Ledger
from registry.package.golden import golden_hashes
from registry.package.origin import bound_copy, check_origin
from registry.package.package import Package, load_package, read_package
from registry.store.client import mlflow_client, registry_errors
from registry.store.mlflow_model import packed_folder, write_mlflow_model
from registry.store.shown import shown
from registry.store.tracking import experiment_id
from settings.machine import load_settings

DECISION_RUN = "decision_run"  # the tag of a version that names the run of its latest judgement


@dataclass(frozen=True)
class ModelVersion:
    """One version of a domain's model, its package on this machine; `created` is in milliseconds since 1970."""

    domain: str
    version: int
    folder: Path
    run_id: str
    created: int
    tags: dict[str, str] = field(default_factory=dict)

    def load(self) -> Package:
        """Its package, ready to predict.

        Raises:
            PackageError: as `read`, or its model does not run.
        """
        return self.read().opened()

    def read(self) -> Package:
        """Its package, verified before anything in it is parsed; the model is not opened.

        Raises:
            PackageError: it was altered, or is another's that lies in its place.
        """
        package = read_package(self.folder)
        check_origin(package, self.domain, self.version, self.run_id)
        return package


def register(domain: str, folder: Path, run_id: str, *, tags: Mapping[str, str], description: str, purpose: str) -> int:
    """Logs a package as a model of its run and registers it as the domain's next version, alias `challenger`.

    A run makes one version of the same tags: called again after a fault it finishes what was begun.

    Raises:
        PackageError: the package was altered or is unsigned, its cards lack a field, or it holds no golden
            samples; nothing is registered.
        RegistryError: MLflow is down; call again.
    """
    version = _begun(domain, run_id, tags) or _registered(domain, folder, run_id, tags, description, purpose)
    with registry_errors(f"set the challenger of {domain!r}"):
        mlflow_client().set_registered_model_alias(domain, "challenger", str(version))
    return version


def model_version(domain: str, version: int) -> ModelVersion:
    """A version with its package, downloaded once; `load` verifies and opens that.

    Raises:
        ModelNotFoundError: there is no such version.
        RegistryError: MLflow is down.
    """
    with registry_errors(f"read version {version} of {domain!r}"):
        client = mlflow_client()
        known = {int(found.version): found for found in client.search_model_versions(f"name = '{domain}'")}
        if version not in known:
            raise ModelNotFoundError(_missing(domain, version, sorted(known)))
        found = known[version]
        folder = _downloaded(domain, version, str(found.source))
    return ModelVersion(domain, version, folder, str(found.run_id), int(found.creation_timestamp), dict(found.tags))


def find_version(domain: str, tag: str, value: str) -> ModelVersion | None:
    """The newest version that carries a tag of that value, if there is one."""
    with registry_errors(f"search the versions of {domain!r}"):
        found = mlflow_client().search_model_versions(f"name = '{domain}' and tags.`{tag}` = '{value}'")
    return model_version(domain, max(int(version.version) for version in found)) if found else None


def champion(domain: str) -> ModelVersion | None:
    """The version in production, or None before the first promotion."""
    version = Ledger(load_settings().ledger).champion(domain)
    return None if version is None else model_version(domain, version)


def describe_versions(domain: str) -> dict[int, dict[str, str]]:
    """Tags of every registered version, by number."""
    return shown(domain).versions


def _begun(domain: str, run_id: str, tags: Mapping[str, str]) -> int | None:
    """The version that an earlier call registered for this run with these tags."""
    with registry_errors(f"register a model of {domain!r}"):
        found = mlflow_client().search_model_versions(f"name = '{domain}' and run_id = '{run_id}'")
    return next((int(version.version) for version in found if tags.items() <= version.tags.items()), None)


def _registered(domain: str, folder: Path, run_id: str, tags: Mapping[str, str], description: str, purpose: str) -> int:
    package = load_package(folder)
    if gaps := card_gaps(folder):
        raise PackageError(
            f"the cards of {folder} lack {', '.join(gaps)}; nothing is registered: say it in domains/{domain}.yaml "
            "and train again"
        )
    if not golden_hashes(package):
        raise PackageError(
            f"{folder} holds no golden samples, so nothing shows that serving decodes as training did; nothing is "
            "registered: train again"
        )
    scratch = load_settings().scratch
    with registry_errors(f"register a model of {domain!r}"), scratch_folder(scratch, "model") as temporary:
        client, written = mlflow_client(), temporary / "model"
        bound = bound_copy(package, temporary / "package", domain, run_id)
        model = client.create_logged_model(experiment_id(domain), name=domain, source_run_id=run_id, model_type="onnx")
        write_mlflow_model(bound, written, model.model_id, run_id)
        client.log_model_artifacts(model.model_id, str(written))
        client.finalize_logged_model(model.model_id, "READY")
        _ensure_registered(domain, purpose)
        made = client.create_model_version(
            domain, f"models:/{model.model_id}", run_id, dict(tags), description=description, model_id=model.model_id
        )
    return int(made.version)


def _missing(domain: str, version: int, there: list[int]) -> str:
    """One line about a version that is not there, with the remedy."""
    found = f"{domain!r} has no version {version} (there: {', '.join(map(str, there)) or 'none'})"
    if Ledger(load_settings().ledger).champion(domain) != version:
        return f"{found}; name one that is there, or run `regraft retrain {domain}`"
    remedy = f"`regraft rollback {domain} --to VERSION --reason …` puts another into production"
    first = "" if there else f"`regraft train {domain}` registers one, then "
    return f"{found}: the ledger has it in production, but it was deleted in MLflow; {first}{remedy}"


def _ensure_registered(domain: str, purpose: str) -> None:
    client = mlflow_client()
    if not client.search_registered_models(f"name = '{domain}'"):
        client.create_registered_model(domain, tags={"managed_by": "regraft"}, description=purpose)


def _downloaded(domain: str, version: int, source: str) -> Path:
    """The package below the home folder; a download that was cut off leaves nothing there.

    The folder's name tells the source too: numbers begin anew where a model was deleted in MLflow.
    """
    import mlflow

    name = f"{version}-{hashlib.sha256(source.encode()).hexdigest()[:12]}"
    target = load_settings().home / "packages" / domain / name
    if target.exists():
        return target
    with scratch_folder(target.parent, "download") as temporary:
        found = mlflow.artifacts.download_artifacts(
            artifact_uri=source, dst_path=str(temporary), tracking_uri=load_settings().tracking_uri
        )
        _move(packed_folder(Path(found)), target)
    return target


def _move(folder: Path, target: Path) -> None:
    """Renames a folder; where another process was first, what it brought stays."""
    try:
        folder.rename(target)
    except OSError:
        if not target.exists():
            raise


def tag_version(domain: str, version: int, tags: Mapping[str, str]) -> None:
    """Adds tags to a registered version, where people see them in the registry's list."""
    with registry_errors(f"tag version {version} of {domain!r}"):
        for key, value in tags.items():
            mlflow_client().set_model_version_tag(domain, str(version), key, value)
