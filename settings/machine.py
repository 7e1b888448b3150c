"""Machine settings: where things lie and which services to use, from REGRAFT_* variables or `.env`."""

import getpass
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from settings.errors import ConfigError

TEMPORARY_SERVER = "REGRAFT_TEMPORARY_SERVER"  # set where the Prefect server ends with the command


class TrainerSettings(BaseModel):
    """The devices that training runs on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accelerator: Literal["auto", "cpu", "gpu", "mps"] = Field("auto", description="kind of device")
    devices: int = Field(1, ge=1, description="devices of this machine; each gets a process")
    nodes: int = Field(1, ge=1, description="machines that train together")
    rendezvous: str = Field("", description="host:port of the first machine, where there are several")
    strategy: Literal["auto", "ddp", "fsdp"] = Field("auto", description="how several devices share the work")
    precision: Literal["32", "bf16-mixed", "16-mixed"] = Field("32", description="of the computation")
    compile: bool = Field(default=False, description="torch.compile: a minute of start for faster steps")

    @model_validator(mode="after")
    def _meeting_place(self) -> "TrainerSettings":
        if self.nodes > 1 and not self.rendezvous:
            raise ValueError("several nodes need REGRAFT_TRAINER__RENDEZVOUS, such as 10.0.0.1:29500")
        return self

    @property
    def processes(self) -> int:
        """Processes that train together."""
        return self.devices * self.nodes


class ServingSettings(BaseModel):
    """How a served model is fed, and what a request may ask of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    port: int = Field(8000, ge=0, le=65535, description="port at which `regraft up` serves champions; 0: it does not")
    batch: int = Field(32, ge=1, le=64, description="samples that the model sees at once")
    wait_ms: float = Field(5.0, ge=0, description="longest wait for a batch to fill while others are decoded")
    queue: int = Field(512, ge=1, description="samples of a domain that may wait; more are refused with 503")
    timeout: float = Field(30.0, gt=0, description="seconds that a request may take")
    items: int = Field(256, ge=1, description="samples in one request")
    megabytes: float = Field(64.0, gt=0, description="size of one request")
    max_pixels: int = Field(50_000_000, ge=1, description="pixels of a picture; more are refused before it is decoded")
    connections: int = Field(512, ge=1, description="connections at once; one more closes the one that rests longest")
    body_seconds: float = Field(60.0, gt=0, description="seconds that a request may take to arrive; then 408")
    hosts: str = Field("", description="names that it answers under besides its own, between commas")
    rate: float = Field(0.0, ge=0, description="requests a second that a key may make; 0: any number")
    round: int | None = Field(None, ge=1, le=6, description="decimals of a probability that callers see; unset: all")
    explain: bool = Field(default=False, description="people may ask where the model looked in an image")
    top: bool = Field(default=False, description="callers see the probability of the likeliest class alone")

    @model_validator(mode="after")
    def _fits(self) -> "ServingSettings":
        if self.items > self.queue:
            raise ValueError("items is over queue, so that such a request could never be taken; raise queue")
        return self


class AlertSettings(BaseModel):
    """How people are told of what a check of the traffic found; an empty one is not used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    webhook: str = Field("", repr=False, description="URL that an alert is posted to as JSON")
    smtp: str = Field("", repr=False, description="mail server, such as smtps://user:password@mail.example.org:465")
    mail_from: str = Field("", description="sender of the mails")
    mail_to: str = Field("", description="receivers, between commas")
    block: str = Field("", description="a notification block of Prefect, such as slack-webhook/ops")

    @model_validator(mode="after")
    def _complete(self) -> "AlertSettings":
        if self.smtp and not (self.mail_from and self.mail_to):
            raise ValueError("a mail needs REGRAFT_ALERTS__MAIL_FROM and REGRAFT_ALERTS__MAIL_TO, too")
        return self


class Settings(BaseSettings):
    """What differs between machines; of these only the trainer's precision changes a result, by rounding."""

    model_config = SettingsConfigDict(
        env_prefix="REGRAFT_", env_nested_delimiter="__", env_file=".env", extra="ignore", frozen=True
    )

    root: Path = Field(default_factory=Path.cwd, description="project root: domains/, dvc.yaml and data/ lie here")
    profile: str = Field(default="", description="servers of its own that `regraft up` runs besides: postgres, s3")
    mlflow_uri: str = Field(default="", description="MLflow tracking URI; empty: SQLite below the home folder")
    ledger_url: str = Field(default="", description="SQLAlchemy URL of the ledger; empty: SQLite below the home folder")
    artifacts_url: str = Field(
        default="",
        repr=False,
        description="where MLflow keeps files, such as s3://bucket/mlflow; empty: below the home folder",
    )
    predictions_url: str = Field(
        default="", repr=False, description="fsspec URL of prediction logs and labels; empty: below the home folder"
    )
    inputs_key: str = Field(
        default="",
        repr=False,
        description="Fernet keys between commas, of domains that keep inputs; the first encrypts",
    )
    prefect_port: int = Field(default=4200, ge=1, le=65535, description="port of the Prefect server")
    mlflow_port: int = Field(default=5000, ge=1, le=65535, description="port of the MLflow server")
    threads: int = Field(default=0, ge=0, description="threads a process may use; 0: the cores this process may use")
    cache_gb: float = Field(default=20.0, gt=0, description="disk that cached features and activations may take, GB")
    trainer: TrainerSettings = Field(default=TrainerSettings(), description="REGRAFT_TRAINER__DEVICES=2 and so on")
    serving: ServingSettings = Field(default=ServingSettings(), description="REGRAFT_SERVING__QUEUE=1000 and so on")
    alerts: AlertSettings = Field(default=AlertSettings(), description="REGRAFT_ALERTS__WEBHOOK=https://… and so on")
    actor: str = Field(default="", description="who acts, for the ledger; empty: the login name")
    signing_key: str = Field(
        default="", repr=False, description="PEM file of the ed25519 private key that signs packages; empty: unsigned"
    )
    verify_key: str = Field(
        default="",
        repr=False,
        description="PEM files of public keys, between them the path separator; empty: any package",
    )

    @field_validator("verify_key")
    @classmethod
    def _names_a_key(cls, value: str) -> str:
        if value and not _paths(value):
            raise ValueError("it names no PEM file of a public key, which would let any package in")
        return value

    @property
    def home(self) -> Path:
        """Folder of everything that is neither code nor DVC's: databases, caches, logs, reports."""
        return self.root / ".regraft"

    @property
    def scratch(self) -> Path:
        """Folder of what a command needs only while it runs; what a killed one left there is cleared up."""
        return self.home / "scratch"

    @property
    def tracking_uri(self) -> str:
        """MLflow tracking URI with its default filled in."""
        return self.mlflow_uri or f"sqlite:///{self.home / 'mlflow.db'}"

    @property
    def ledger(self) -> str:
        """Ledger URL with its default filled in."""
        return self.ledger_url or f"sqlite:///{self.home / 'ledger.db'}"

    @property
    def embedded(self) -> tuple[str, ...]:
        """The database and object store that this project runs for itself."""
        return tuple(name.strip() for name in self.profile.split(",") if name.strip())

    @property
    def artifacts(self) -> str:
        """Address of MLflow's files with its default filled in."""
        return self.artifacts_url.rstrip("/") or (self.home / "mlartifacts").absolute().as_uri()

    @property
    def prefect_api(self) -> str:
        """Address of the Prefect API of this project's own server."""
        return f"http://127.0.0.1:{self.prefect_port}/api"

    @property
    def predictions(self) -> str:
        """Address of the prediction logs with its default filled in."""
        return self.predictions_url.rstrip("/") or str(self.home / "predictions")

    @property
    def verify_keys(self) -> tuple[str, ...]:
        """PEM files of the public keys of which one must have signed a package; none: unsigned ones are loaded too."""
        return _paths(self.verify_key)

    @property
    def who(self) -> str:
        """Who acts, for the ledger: the named actor, or the login name."""
        return self.actor or getpass.getuser()

    @property
    def cores(self) -> int:
        """Threads to give to torch, ONNX Runtime and pools in this process.

        By default the cores that it may use: those that it is bound to, or fewer where a container's quota is smaller.
        """
        from joblib import cpu_count  # a fifth of a second, only where something is computed

        return self.threads or int(cpu_count())


def _paths(text: str) -> tuple[str, ...]:
    """Paths between the path separators of this machine, without empty ones."""
    return tuple(path for path in text.split(os.pathsep) if path.strip())


def load_settings() -> Settings:
    """Reads the settings anew, so that a test or a child process sees its own environment.

    Raises:
        ConfigError: a REGRAFT_* variable has a value of the wrong type or range.
    """
    try:
        settings = Settings()
    except SettingsError as error:  # a plain value where there are options below
        raise ConfigError(f"{error}; set each option by itself, such as REGRAFT_TRAINER__DEVICES=2") from error
    except ValidationError as error:
        first = error.errors()[0]
        name = "REGRAFT_" + "__".join(map(str, first["loc"])).upper()
        raise ConfigError(
            f"{name}={first['input']!r}: {first['msg']}; correct it in the environment or .env"
        ) from error
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"REGRAFT_ROOT={settings.root}: {error.strerror}; choose a folder that can be written"
        ) from error
    return settings
