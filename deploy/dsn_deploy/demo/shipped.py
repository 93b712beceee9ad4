"""The files that ship with the package, and how they are fed."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from dsn_deploy.demo.truth import Truth, from_json

#: Source and file or folder, in the order of feeding. What goes over MLLP is not among them.
FEEDS = (
    ("chul-adt", "chul-adt.hl7"),
    ("hdm-adt", "hdm-adt.hl7"),
    ("hdm-clinique", "hdm-clinique"),
    ("chul-labo", "chul-labo.hl7"),
)

#: Source and file that the demonstration sends over MLLP, message by message.
MLLP = ("chul-labo", "chul-labo-mllp.hl7")


def folder() -> Path:
    """Where the shipped files are; the package is always unpacked on disk."""
    return Path(str(resources.files("dsn_deploy.demo")))


def messages() -> Path:
    """The folder of messages."""
    return folder() / "messages"


def sources_file() -> Path:
    """Settings of the demonstration's four sources."""
    return folder() / "sources.toml"


def shipped_truth() -> Truth:
    """The outcome that the shipped messages must come to."""
    return from_json((folder() / "truth.json").read_text(encoding="utf-8"))


def split(data: bytes) -> list[bytes]:
    """The messages of a shipped HL7 file, each without the line end behind it."""
    return [line for line in data.split(b"\n") if line]
