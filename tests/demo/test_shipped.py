"""The files that ship with the package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from dsn_deploy.demo.generate import contents, write
from dsn_deploy.demo.shipped import (
    FEEDS,
    MLLP,
    folder,
    messages,
    shipped_truth,
    sources_file,
)
from dsn_producers.sources import load

_BYTES_MAX = 1_500_000


def _tree(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_up_to_date() -> None:
    """What ships is what the generator makes: run ``python -m dsn_deploy.demo.generate``."""
    made = contents()
    shipped = {f"messages/{name}": data for name, data in _tree(messages()).items()}
    shipped["truth.json"] = (folder() / "truth.json").read_bytes()

    assert sorted(shipped) == sorted(made)
    assert [name for name in made if made[name] != shipped[name]] == []


def test_another_process_makes_the_same(tmp_path: Path) -> None:
    """Another process, with other hashes, another zone and another locale, makes the same bytes."""
    code = (
        "import pathlib, sys; from dsn_deploy.demo.generate import write;"
        " write(pathlib.Path(sys.argv[1]))"
    )
    strange = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, env=strange, timeout=60)

    assert _tree(tmp_path) == contents()


def test_stale_files_go(tmp_path: Path) -> None:
    """A message file that is no longer made is taken away."""
    stale = tmp_path / "messages" / "hdm-clinique" / "bundle-999.json"
    stale.parent.mkdir(parents=True)
    stale.write_text("{}")
    written = write(tmp_path)

    assert not stale.exists()
    assert {path.relative_to(tmp_path).as_posix() for path in written} == set(contents())


def test_small() -> None:
    """The messages are small enough to ship."""
    assert sum(map(len, contents().values())) < _BYTES_MAX


def test_sources() -> None:
    """Every source that is fed is configured, and the one that is sent to has a port."""
    sources = {source.name: source for source in load(sources_file())}

    assert {name for name, _ in FEEDS} == set(sources)
    assert sources[MLLP[0]].mllp_port > 0
    assert all((messages() / file).exists() for _, file in (*FEEDS, MLLP))


def test_every_file_is_fed() -> None:
    """No shipped message file is left out."""
    fed = {file for _, file in (*FEEDS, MLLP)}

    assert {name.split("/")[0] for name in _tree(messages())} == fed


def test_no_local_number_in_a_file_name() -> None:
    """A file's name says nothing of a patient."""
    numbers = {number for records in shipped_truth().people for _, number in records}

    assert not any(number in name for name in _tree(messages()) for number in numbers)
