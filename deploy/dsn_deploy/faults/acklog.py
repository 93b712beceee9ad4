"""What hospitals were told, on a disk of their own: the other side of every promise.

One JSON line when a message is about to be sent, one when it was answered; the answer is on disk
(fsync) before the hospital sends its next. What was sent and never answered may have been kept or
not: both are right.
"""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dsn_deploy.faults.hospital import Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message and its outcome."""

    told: Told
    #: AA, AE, AR, or empty when no answer came.
    code: str
    #: What the answer said besides.
    text: str

    @property
    def accepted(self) -> bool:
        """It has to be in the store."""
        return self.code == "AA"

    @property
    def kept_as_unusable(self) -> bool:
        """It has to be in quarantine: its sender heard a reason that is the message's own."""
        return self.code in ("AE", "AR") and not self.text.startswith(REFUSALS)


#: Reasons with which an edge says that it kept nothing: the hospital sends again.
REFUSALS = ("outbox-", "edge-stopping")


class AckLog:
    """Written by every sender of a run."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")
        self._mutex = threading.Lock()

    def intend(self, told: Told) -> None:
        """A message is about to be sent."""
        data = base64.b64encode(told.data).decode()
        self._write(
            what="sending",
            kind=told.kind,
            record=told.record,
            other=told.other,
            witness=told.witness,
            data=data,
            source=told.source,
            number=told.number,
        )

    def answered(self, told: Told, code: str, text: str) -> None:
        """It was answered; durable when this returns."""
        self._write(what="answered", source=told.source, number=told.number, code=code, text=text)
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """No more is sent."""
        self._file.close()

    def _write(self, **fields: object) -> None:
        line = json.dumps({"at": time.time(), **fields}) + "\n"
        with self._mutex:
            self._file.write(line.encode())
            self._file.flush()


def read(path: Path) -> list[Sent]:
    """Every message of the log with its last outcome, in the order they were begun."""
    told: dict[tuple[str, int], Told] = {}
    answers: dict[tuple[str, int], tuple[str, str]] = {}
    for line in _lines(path):
        key = (str(line["source"]), int(str(line["number"])))
        if line["what"] == "answered":
            answers[key] = (str(line["code"]), str(line["text"]))
        else:
            told[key] = Told(
                source=key[0],
                number=key[1],
                kind=str(line["kind"]),
                record=str(line["record"]),
                other=str(line["other"]),
                witness=str(line["witness"]),
                data=base64.b64decode(str(line["data"])),
            )
    nothing = ("", "")
    return [
        Sent(told=one, code=answers.get(key, nothing)[0], text=answers.get(key, nothing)[1])
        for key, one in told.items()
    ]


def _lines(path: Path) -> Iterator[dict[str, object]]:
    with path.open(encoding="utf-8") as file:
        for text in file:
            line: dict[str, object] = json.loads(text)
            yield line
