"""Where the neighbours are: the settings every service shares.

Each value comes from the environment (``DSN_KAFKA=…``), or from the default below, which suits
one machine. Secrets never travel here: ``conninfo`` names a ``passfile``.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Endpoints and sizes shared by every service."""

    model_config = SettingsConfigDict(env_prefix="DSN_", frozen=True)

    #: Kafka bootstrap servers, ``host:port[,host:port…]``.
    kafka: str = "127.0.0.1:9092"
    #: Base address of a Confluent-compatible schema registry.
    registry: str = "http://127.0.0.1:8081/apis/ccompat/v7"
    #: libpq connection string of the central store; its password is in a passfile.
    conninfo: str = "host=127.0.0.1 dbname=dsn user=dsn"
    #: Folder for what a service keeps on its own disk (state, outboxes, cached schemas).
    data: Path = Path(".dsn")
    #: Which of several stream workers on this machine this is; each keeps its state apart.
    slot: int = Field(default=0, ge=0, le=255)
    #: Generation of everything made from the journal; a rebuild makes another (docs/recovery.md).
    generation: int = Field(default=0, ge=0)
    #: Records of an input a stream worker takes a second and lane, at most; 0: as fast as it can.
    rate: int = Field(default=0, ge=0)
    #: Hold some changes of the journal against the store all the time (``dsn run reconcile``).
    sampling: bool = False
    #: Partitions of every keyed topic; one number, so that one worker owns a lane end to end.
    partitions: int = Field(default=4, ge=1, le=256)
    #: Copies of each partition (1 on one machine, 3 in production).
    replication: int = Field(default=1, ge=1, le=5)
    #: Establishment sources file (TOML), see ``dsn_producers.sources``.
    sources: Path = Path("sources.toml")
    #: File of the private key that statements and audit checkpoints are signed with; ``dsn key make``.
    signing_key: Path | None = None
    #: File of the public key they are checked with.
    verify_key: Path | None = None
    #: Address of the pages.
    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8400, ge=0, le=65535)
    #: First of the ports on loopback where services tell their metrics and health, each its own
    #: (``dsn_schemas.metrics.PORTS``); 0: none does.
    metrics_port: int = Field(default=0, ge=0, le=65500)
