"""The broker's topics are what is declared, and stay so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource

from dsn_deploy.errors import CommandError, Unreachable
from dsn_deploy.stack import EmbeddedStack
from dsn_deploy.topics import ensure
from dsn_schemas.settings import Settings
from dsn_schemas.topics import Topic

COMPACTED = {"cleanup.policy": "compact"}


def declared(name: str, **config: str) -> Topic:
    return Topic(
        name=name, key="any", writers="anyone", partitions=2, replication=1, config=dict(config)
    )


@pytest.fixture
def setting_of(stack: EmbeddedStack) -> Callable[[str, str], str | None]:
    admin = AdminClient({"bootstrap.servers": stack.settings.kafka})

    def ask(topic: str, name: str) -> str | None:
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        found = admin.describe_configs([resource])[resource].result(30)
        return str(found[name].value)

    return ask


def test_missing_topic_is_created_once(
    stack: EmbeddedStack, setting_of: Callable[[str, str], str | None]
) -> None:
    """A declared topic is created with its settings; the second time nothing happens."""
    topic = replace(declared("ensure.created"), config=COMPACTED)

    assert ensure(stack.settings, [topic]) == (("ensure.created",), ())
    assert setting_of("ensure.created", "cleanup.policy") == "compact"
    assert ensure(stack.settings, [topic]) == ((), ())


def test_changed_declaration_is_applied(
    stack: EmbeddedStack, setting_of: Callable[[str, str], str | None]
) -> None:
    """A setting that changed in a new version is changed; one an operator added stays."""
    name = "ensure.changed"
    ensure(stack.settings, [replace(declared(name), config={"max.message.bytes": "1000"})])

    after = replace(declared(name), config=COMPACTED)

    assert ensure(stack.settings, [after]) == ((), (name,))
    assert setting_of(name, "cleanup.policy") == "compact"
    assert setting_of(name, "max.message.bytes") == "1000"


def test_other_number_of_partitions_is_refused(stack: EmbeddedStack) -> None:
    """A person's changes never move to another partition behind everybody's back."""
    topic = declared("ensure.partitions")
    ensure(stack.settings, [topic])

    with pytest.raises(CommandError, match=r"has 2 partitions, 3 are declared.*DSN_PARTITIONS=2"):
        ensure(stack.settings, [replace(topic, partitions=3)])


def test_absent_broker_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a broker the command says so, with the address, and exits with 3."""
    monkeypatch.setattr("dsn_deploy.topics.ANSWER_S", 1.0)

    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1"):
        ensure(Settings(kafka="127.0.0.1:1"), [declared("none")])
