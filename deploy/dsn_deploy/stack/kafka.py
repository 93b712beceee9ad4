"""One Kafka node: broker and controller in one process (KRaft), no ZooKeeper, no Docker.

The class is general in node id and voters, so that three of them make a cluster.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from dsn_deploy.child import Recorder
from dsn_deploy.stack import java
from dsn_deploy.stack.server import Server, accepts
from dsn_schemas.topics import MESSAGE_BYTES_MAX

#: Of every data folder: a broker refuses the folder of another cluster, which is what we want
#: between a hospital's own Kafka and this one, not between two folders of ours.
CLUSTER_ID = "ZHNuLXN5bmMtc3RhY2stMQ"

#: Formatting a new folder starts a Java of its own; 2 s alone, more on a crowded machine.
FORMAT_S = 60.0

LOGGING = """\
status = warn
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %m (%c{1})%n
"""


class Kafka(Server):
    """A Kafka node on loopback."""

    def __init__(
        self,
        *,
        folder: Path,
        log: Path,
        class_path: Sequence[Path],
        port: int,
        controller_port: int,
        node_id: int = 1,
        voters: Mapping[int, int] | None = None,
        others: Mapping[str, tuple[int, int]] | None = None,
        flags: Sequence[str] = (),
        record: Recorder | None = None,
    ) -> None:
        super().__init__("kafka" if node_id == 1 else f"kafka-{node_id}", log=log, record=record)
        self._folder = folder
        self._class_path = class_path
        self._port = port
        self._controller_port = controller_port
        self._node_id = node_id
        #: Controller port of each node of the cluster, by node id.
        self._voters = dict(voters or {node_id: controller_port})
        #: Further listeners by name: the port, and the one clients are told, a proxy's perhaps.
        self._others = dict(others or {})
        #: Further flags of its Java.
        self._flags = flags

    @property
    def bootstrap(self) -> str:
        """Where clients begin."""
        return f"127.0.0.1:{self._port}"

    def command(self) -> Sequence[str]:
        memory = ("-Xms256m", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
        return [*self._java(*memory, *self._flags), "kafka.Kafka", str(self._properties)]

    def environment(self) -> Mapping[str, str]:
        return java.environment()

    def prepare(self) -> None:
        """Write the settings, and format the folder if it is new."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._logging.write_text(LOGGING)
        lines = (f"{name}={value}\n" for name, value in self.properties().items())
        self._properties.write_text("".join(lines))
        if not (self._data / "meta.properties").exists():
            self._format()

    def probe(self) -> bool:
        if not accepts(self._port):
            return False
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        client = AdminClient({"bootstrap.servers": self.bootstrap}, logger=_quiet())
        try:
            return self._node_id in client.list_topics(timeout=2.0).brokers
        except KafkaException:
            return False

    def properties(self) -> dict[str, object]:
        """The settings of this node; every replicated topic on as many nodes as there are, to 3."""
        copies = min(3, len(self._voters))
        voters = ",".join(f"{node}@127.0.0.1:{port}" for node, port in self._voters.items())
        broker, controller = (
            f"BROKER://{self.bootstrap}",
            f"CONTROLLER://127.0.0.1:{self._controller_port}",
        )
        others = self._others.items()
        opened = [f"{name}://127.0.0.1:{port}" for name, (port, _) in others]
        told = [f"{name}://127.0.0.1:{port}" for name, (_, port) in others]
        protocols = ("BROKER", "CONTROLLER", *self._others)
        return {
            "process.roles": "broker,controller",
            "node.id": self._node_id,
            "controller.quorum.voters": voters,
            "listeners": ",".join([broker, controller, *opened]),
            "advertised.listeners": ",".join([broker, controller, *told]),
            "listener.security.protocol.map": ",".join(f"{one}:PLAINTEXT" for one in protocols),
            "inter.broker.listener.name": "BROKER",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self._data,
            # The journal is kept for ever; topics that are not say so themselves.
            "log.retention.ms": -1,
            # A topic that nobody declared is a mistake, not a topic.
            "auto.create.topics.enable": "false",
            "message.max.bytes": MESSAGE_BYTES_MAX,
            "replica.fetch.max.bytes": MESSAGE_BYTES_MAX,
            "default.replication.factor": copies,
            "min.insync.replicas": max(1, copies - 1),
            "offsets.topic.num.partitions": 4,
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.num.partitions": 4,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": max(1, copies - 1),
            "share.coordinator.state.topic.num.partitions": 1,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": max(1, copies - 1),
            # Workers come one by one on one machine; waiting for more of them only delays.
            "group.initial.rebalance.delay.ms": 0,
            # A dead worker's lanes move after 3 s; the broker's default floor is 6 s.
            "group.min.session.timeout.ms": 3000,
            # After a crash the controller takes the broker back only when its old session is over.
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 1000,
            # Two cores are shared with everything else.
            "num.network.threads": 2,
            "num.io.threads": 4,
            "background.threads": 2,
            # The default of 128 MB would be a quarter of the heap.
            "log.cleaner.dedupe.buffer.size": 32 * 1024 * 1024,
        }

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _properties(self) -> Path:
        return self._folder / "server.properties"

    @property
    def _logging(self) -> Path:
        return self._folder / "log4j2.properties"

    def _java(self, *flags: str) -> list[str]:
        jars = ":".join(map(str, self._class_path))
        return java.java(*flags, f"-Dlog4j2.configurationFile={self._logging}", "-cp", jars)

    def _format(self) -> None:
        settings = ["--config", str(self._properties), "--cluster-id", CLUSTER_ID]
        command = [*self._java("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")]
        command += ["kafka.tools.StorageTool", "format", "--ignore-formatted", *settings]
        self._run_once(command, "format its folder", FORMAT_S)


def _quiet() -> logging.Logger:
    """Where the client's words about a broker that is still starting go: nowhere."""
    logger = logging.getLogger("dsn_deploy.stack.kafka.probe")
    logger.propagate = False
    logger.setLevel(logging.CRITICAL + 1)
    return logger
