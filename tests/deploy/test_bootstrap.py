"""What runs before anything is installed."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOOTSTRAP = ROOT / "deploy" / "bootstrap"
LOCKS = [ROOT / "requirements.lock", BOOTSTRAP / "uv.lock", BOOTSTRAP / "build.lock"]


def test_old_python_can_read_it() -> None:
    """Python 3.6 understands the script far enough to say that it is too old."""
    ast.parse((BOOTSTRAP / "bootstrap.py").read_text(), feature_version=(3, 6))


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_package_is_pinned_by_hash(path: Path) -> None:
    """Whatever index it comes from, a package is the one that was tried."""
    packages = re.findall(r"^[a-z0-9].*?(?=^\S|\Z)", path.read_text(), re.MULTILINE | re.DOTALL)

    assert packages
    assert all("==" in package and "--hash=sha256:" in package for package in packages)


@pytest.mark.parametrize(
    "path", [*LOCKS, ROOT / "Makefile", ROOT / ".ci" / "run", BOOTSTRAP / "bootstrap.py"], ids=str
)
def test_no_registry_is_named(path: Path) -> None:
    """Which index or mirror is used is the machine's business."""
    assert not re.search(r"https?://", path.read_text())


def test_help_lists_every_target() -> None:
    """`make help` names all targets there are."""
    makefile = (ROOT / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)

    assert targets is not None
    for target in set(targets[1].split()) - {"help"}:
        assert f"make {target} " in said.stdout
