"""Writes the shipped files of the demonstration: ``python -m dsn_deploy.demo.generate``.

The same bytes at every run and on every machine; a test compares them with what is shipped.
"""

from __future__ import annotations

from pathlib import Path

from dsn_deploy.demo.messages import files
from dsn_deploy.demo.population import population
from dsn_deploy.demo.registrations import registrations
from dsn_deploy.demo.shipped import folder
from dsn_deploy.demo.truth import to_json, truth


def contents() -> dict[str, bytes]:
    """Every generated file: its path below the package, and its bytes."""
    known = registrations(population())
    made = {f"messages/{name}": data for name, data in files(known).items()}
    return {**made, "truth.json": to_json(truth(known)).encode()}


def write(target: Path) -> list[Path]:
    """Write them all below ``target`` and take away generated files that are no more."""
    made = contents()
    for name, data in made.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    stale = [path for path in _found(target) if path.relative_to(target).as_posix() not in made]
    for path in stale:
        path.unlink()
    return [target / name for name in made]


def _found(target: Path) -> list[Path]:
    return [path for path in sorted((target / "messages").rglob("*")) if path.is_file()]


if __name__ == "__main__":
    written = write(folder())
    print(f"{len(written)} files, {sum(path.stat().st_size for path in written):,} bytes")
