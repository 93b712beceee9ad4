"""Java programs are the pinned ones, byte for byte."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from dsn_deploy.errors import Damaged, Unavailable
from dsn_deploy.stack import jars, jars_lock
from dsn_deploy.stack.jars import Artifact, JarCache, lock

GOOD = b"a jar"
JAR = Artifact(
    program="kafka",
    coordinates="ca.example:tool:jar::1.0",
    size=len(GOOD),
    sha256=hashlib.sha256(GOOD).hexdigest(),
)


class Repository:
    """A download that needs no network and counts."""

    def __init__(self, *answers: bytes | OSError) -> None:
        self.answers = list(answers)

    def __call__(
        self, artifact: Artifact, repository: Path, advance: Callable[[int], None]
    ) -> None:
        answer = self.answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        path = repository / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(answer)
        advance(len(answer))


def cache_in(folder: Path, *answers: bytes | OSError) -> JarCache:
    return JarCache(folder, Repository(*answers), sleep=lambda _seconds: None)


def test_fetched_once(tmp_path: Path) -> None:
    """The second use needs no network."""
    cache = cache_in(tmp_path, GOOD)

    (path,) = cache.fetch([JAR])
    assert cache.fetch([JAR]) == [path]
    assert path.read_bytes() == GOOD


@pytest.mark.parametrize("damage", [b"", b"a jaR", b"a jar and more"])
def test_damaged_jar_heals(tmp_path: Path, damage: bytes) -> None:
    """A jar that lost or changed a byte is fetched again on the next use."""
    cache = cache_in(tmp_path, GOOD, GOOD)
    (path,) = cache.fetch([JAR])
    path.write_bytes(damage)

    assert cache.fetch([JAR]) == [path]
    assert path.read_bytes() == GOOD


def test_another_file_is_refused(tmp_path: Path) -> None:
    """A download that is not the pinned file is refused and not kept."""
    cache = cache_in(tmp_path, b"malice")

    with pytest.raises(Damaged, match=r"ca\.example:tool"):
        cache.fetch([JAR])
    assert not list(tmp_path.rglob("*.jar"))


def test_lost_connection_is_tried_again(tmp_path: Path) -> None:
    """A download that broke off is tried again."""
    cache = cache_in(tmp_path, ConnectionError("reset"), ConnectionError("reset"), GOOD)

    assert cache.fetch([JAR])[0].read_bytes() == GOOD


def test_absent_network_is_explained(tmp_path: Path) -> None:
    """Without a network the person learns what needs it and what to do."""
    nothing = [ConnectionError("no route")] * jars.ATTEMPTS
    cache = cache_in(tmp_path, *nothing)

    with pytest.raises(Unavailable, match="no route.*first start needs the network"):
        cache.fetch([JAR])


def test_lock_pins_every_file() -> None:
    """Each pinned file has coordinates, a size and a SHA-256, and appears once."""
    artifacts = lock()

    assert len({artifact.path for artifact in artifacts}) == len(artifacts) > 40
    assert all(re.fullmatch("[0-9a-f]{64}", artifact.sha256) for artifact in artifacts)
    assert all(artifact.size > 0 for artifact in artifacts)


def test_lock_is_of_these_versions() -> None:
    """The lock file was written for the versions that are asked for."""
    group, name, version = jars_lock.KAFKA.split(":")
    registry = "{0}:{1}:{4}:{3}:{2}".format(*jars_lock.REGISTRY)
    pinned = {artifact.coordinates for artifact in lock()}

    assert {f"{group}:{name}:jar::{version}", registry} <= pinned
