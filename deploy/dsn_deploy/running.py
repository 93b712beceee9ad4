"""Settings of what runs here, for commands typed in the same folder as ``dsn up``."""

from __future__ import annotations

import os
from pathlib import Path

from dsn_deploy import generations
from dsn_deploy.statefile import State, read
from dsn_schemas.settings import Settings


def data_folder() -> Path:
    """`DSN_DATA`, or `.dsn` in the working folder."""
    return Settings().data.absolute()


def running_state() -> State | None:
    """What runs in the data folder and is looked after; None if nothing is."""
    state = read(data_folder())
    return None if state is None or state.is_stale else state


def running_settings() -> Settings:
    """The environment's settings; what it leaves open comes from the stack that runs here."""
    state = running_state()
    known = {} if state is None else state.environment
    missing = {name: value for name, value in known.items() if name not in os.environ}
    if "DSN_GENERATION" not in os.environ:
        missing["DSN_GENERATION"] = str(generations.read(data_folder()).live)
    fields = {name.removeprefix("DSN_").lower(): value for name, value in missing.items()}
    return Settings.model_validate({**Settings().model_dump(), **fields})
