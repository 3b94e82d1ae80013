"""Every setting of a process, read once from the environment (prefix `SINGALIKE_`)."""

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from singalike.errors import FieldViolation, InvalidInputError


class Settings(BaseSettings):
    """What an operator may set; docs/settings.md lists them all."""

    model_config = SettingsConfigDict(env_prefix="SINGALIKE_", frozen=True, extra="ignore")

    data_dir: Path = Field(
        default_factory=lambda: Path.home() / ".local" / "share" / "singalike",
        description="Folder of the catalogue and the index.",
    )
    database_url: str = Field(
        default="",
        description="SQLAlchemy URL of the catalogue (postgresql+psycopg://...); empty: SQLite in the data folder.",
    )
    index: Literal["edge", "server", "exact"] = Field(
        default="edge", description="Where vectors are searched: in this process, on a Qdrant server, or by numpy."
    )
    qdrant_url: str = Field(default="", description="Address of the Qdrant server, for SINGALIKE_INDEX=server.")
    qdrant_api_key: SecretStr = Field(default=SecretStr(""), description="API key of the Qdrant server.")
    min_free_disk_mb: int = Field(
        default=512,
        ge=0,
        description="Writes are refused when less than this is free on the data folder's disk, in MiB.",
    )
    feedback_days: int = Field(
        default=365,
        ge=0,
        le=36500,
        description="How long feedback, and what was shown to whom, is kept, in days from its arrival; 0: for ever.",
    )
    presets: Path | None = Field(
        default=None, description="Folder of presets of weights (*.json), beside the shipped ones."
    )
    experiment: Path | None = Field(
        default=None, description="JSON file of the experiment that runs (docs/recommender.md); empty: none."
    )
    checkpoints: Path | None = Field(default=None, description="Folder of other checkpoints than the shipped ones.")
    timbre_encoder: str = Field(
        default="",
        description="Another ear for timbre, NAME or NAME:ARGUMENT (docs/ears.md); empty: the checkpoints' own.",
    )
    device: str = Field(default="auto", description="Torch device of the ear: auto, cpu, cuda, cuda:1.")
    separator: Literal["auto", "identity", "repet-sim", "unet", "htdemucs"] = Field(
        default="auto",
        description="How vocals are separated; auto takes HTDemucs when its weights are given, else the shipped U-Net.",
    )
    separation_weights: Path | None = Field(
        default=None, description="Folder of HTDemucs weights (safetensors and JSON)."
    )
    decoder_processes: int = Field(default=2, ge=1, le=64, description="Children that decode uploads.")
    max_upload_mb: int = Field(default=64, ge=1, le=1024, description="Largest recording that is accepted, in MiB.")
    uploads_room_mb: int = Field(
        default=2048,
        ge=1,
        description="Disk that recordings may take together while they come in or wait, in MiB; at least four times "
        "SINGALIKE_MAX_UPLOAD_MB.",
    )
    uploads_tenant_share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Share of SINGALIKE_UPLOADS_ROOM_MB that one of several tenants may take; at least four times "
        "SINGALIKE_MAX_UPLOAD_MB.",
    )
    host: str = Field(default="127.0.0.1", description="Address that the servers listen on.")
    embedding_port: int = Field(
        default=50051, ge=0, le=65535, description="Port of the embedding service; 0: any free."
    )
    recommender_port: int = Field(
        default=50052, ge=0, le=65535, description="Port of the recommender service; 0: any free."
    )
    conversion_port: int = Field(
        default=50053, ge=0, le=65535, description="Port of the conversion service; 0: any free."
    )
    embedding_target: str = Field(
        default="127.0.0.1:50051", description="Where the recommender finds the embedding service."
    )
    keep_songs: bool = Field(
        default=False,
        description="Keep the sound of tracks that come over gRPC in the data folder, so that they can be converted.",
    )
    conversion_dir: Path | None = Field(
        default=None,
        description="Folder of finished songs, separated vocals and unfinished pieces, shared by all workers; empty: "
        "conversions in the data folder.",
    )
    jobs_url: str = Field(
        default="",
        description="SQLAlchemy URL of the jobs' own database (postgresql+psycopg://...); empty: SQLite in the data "
        "folder, or the catalogue's PostgreSQL.",
    )
    conversion_engine: str = Field(default="world-retrieval", description="Engine that sings where nobody names one.")
    engine_weights: Path | None = Field(
        default=None,
        description="Folder with a folder of weights for each engine that needs some (docs/conversion.md).",
    )
    conversion_workers: int = Field(
        default=1, ge=0, le=64, description="Workers that a serving process starts; 0: they run elsewhere."
    )
    conversion_keep_s: int = Field(
        default=7 * 86_400, ge=60, le=31_536_000, description="How long finished songs are kept, in seconds."
    )
    longest_song_s: float = Field(
        default=900.0, ge=10, le=7200, description="Longest song that is converted, in seconds."
    )
    phrase_s: int = Field(
        default=600, ge=30, le=86_400, description="How long a consent phrase may be read back, in seconds."
    )
    open_phrases: int = Field(
        default=1000, ge=1, le=100_000, description="Consent phrases that a tenant may have waiting to be read at once."
    )
    tenants: Path | None = Field(
        default=None,
        description="JSON file of the applications that use the conversion service (docs/conversion.md); empty: one, "
        "with SINGALIKE_AUTH_TOKEN.",
    )
    speech_recogniser: str = Field(
        default="",
        description="Folder or hub id of a speech recognition model that checks what is read back; empty: voice only.",
    )
    tls_certificate: Path | None = Field(default=None, description="PEM certificate chain of the servers.")
    tls_key: Path | None = Field(default=None, description="PEM private key of the servers.")
    auth_token: SecretStr = Field(
        default=SecretStr(""), description="Bearer token that callers must send; empty: no authentication."
    )
    trust_network: bool = Field(
        default=False,
        description="Allow listening beyond loopback without TLS and token, inside a private network.",
    )
    reflection: bool = Field(default=False, description="Serve gRPC reflection (for development).")
    torch_threads: int = Field(
        default=0, ge=0, le=256, description="Threads of one model call on the CPU; 0: as many as torch chooses."
    )
    max_batch: int = Field(default=8, ge=1, le=256, description="Recordings that the ear takes at once.")
    max_batch_delay_ms: float = Field(
        default=5.0, ge=0, le=1000, description="How long a recording waits for company, in ms."
    )
    queue_size: int = Field(
        default=64, ge=1, description="Recordings that may wait for the ear before calls are refused."
    )
    default_deadline_s: float = Field(
        default=10.0, gt=0, description="Deadline of a call whose client sets none, in seconds."
    )
    grace_s: float = Field(default=10.0, ge=0, description="How long a stopping server lets calls finish, in seconds.")
    watermark_key: SecretStr = Field(
        default=SecretStr(""),
        description="Secret of the watermark in converted songs, at least 16 bytes; who has it finds and forges marks.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least level logged.")
    log_json: bool | None = Field(default=None, description="JSON logs; empty: unless stderr is a terminal.")

    @cached_property
    def catalogue_url(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'catalogue.db'}"

    @cached_property
    def jobs_database_url(self) -> str:
        """The SQLAlchemy URL of the jobs' database in force."""
        if self.jobs_url or not self.database_url.startswith("postgresql"):
            return self.jobs_url or f"sqlite:///{self.data_dir.absolute() / 'jobs.db'}"
        return self.database_url


def as_environment(settings: Settings) -> dict[str, str]:
    """Write settings as the variables that give a child the same ones."""
    given = {name: getattr(settings, name) for name in Settings.model_fields}
    return {
        f"SINGALIKE_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in given.items()
        if value is not None
    }


def read_settings(**overrides: object) -> Settings:
    """Read the environment; arguments that are not None win over it.

    Raises:
        InvalidInputError: BAD_SETTING, naming the variable.
    """
    given = {key: value for key, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        violations = tuple(
            FieldViolation("SINGALIKE_" + "_".join(str(part) for part in fault["loc"]).upper(), fault["msg"])
            for fault in error.errors()
        )
        listing = "; ".join(f"{violation.field}: {violation.description}" for violation in violations)
        raise InvalidInputError("BAD_SETTING", f"{listing}. See docs/settings.md", violations) from error
