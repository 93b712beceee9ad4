"""Writes `jars.lock`: resolves the programs of the stack and pins every file they need.

Run by ``make lock`` after a version below was changed; the diff is what a reviewer reads.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from jgo.maven import Artifact, MavenContext

from dsn_deploy.stack.jars import sha256

#: Kafka's class path is what this needs.
KAFKA = "org.apache.kafka:kafka_2.13:4.3.1"

#: What makes Kafka log at all: it brings log4j and only the interface of SLF4J 1.7. Of the log4j
#: version Kafka asks for, and not resolved with it, or its own choices would displace Kafka's.
KAFKA_LOGGING = ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.4")

#: The registry comes whole, in one archive: group, artifact, version, classifier, type.
REGISTRY = ("io.apicurio", "apicurio-registry-app", "3.3.3", "all", "tar.gz")

HEADER = """\
# Files of the embedded stack: program, group:artifact:type:classifier:version, bytes, SHA-256.
# Written by `make lock` (dsn_deploy.stack.jars_lock); do not edit.
"""


def write(path: Path) -> None:
    """Resolve, download and pin everything, from scratch and not from any cache."""
    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(repo_cache=Path(folder), local_repos=[])
        inputs, transitive = context.resolver.resolve([context.create_dependency(KAFKA)])
        group, name, version = KAFKA_LOGGING
        binding = context.project(group, name).at_version(version).artifact()
        jars = [*(found.artifact for found in (*inputs, *transitive)), binding]
        lines = sorted(_line("kafka", jar) for jar in jars)
        group, name, version, classifier, kind = REGISTRY
        archive = context.project(group, name).at_version(version).artifact(classifier, kind)
        lines.append(_line("registry", archive))
    path.write_text(HEADER + "".join(lines))


def _line(program: str, artifact: Artifact) -> str:
    parts = (artifact.groupId, artifact.artifactId, artifact.packaging, artifact.classifier)
    path = artifact.resolve()
    coordinates = ":".join((*parts, artifact.version))
    return f"{program} {coordinates} {path.stat().st_size} {sha256(path)}\n"


if __name__ == "__main__":
    write(Path(__file__).with_name("jars.lock"))
