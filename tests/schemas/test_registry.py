"""Schema ids against a real registry, and without one."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from dsn_deploy.stack import EmbeddedStack
from dsn_schemas import registry
from dsn_schemas.contract import SUBJECTS, composed
from dsn_schemas.records import Receipt
from dsn_schemas.registry import RegistryIds, RegistryUnreachable, register_all
from dsn_schemas.settings import Settings
from dsn_schemas.wire import Codec, UnknownSchema, UnreadableRecord

NOWHERE = "http://127.0.0.1:9/apis/ccompat/v7"
RECEIPT = Receipt(source="adt", epoch=1, seq=2, at=3)


@pytest.fixture
def settings(stack: EmbeddedStack, tmp_path) -> Settings:
    return stack.settings.model_copy(update={"data": tmp_path})


def test_registering_again_gives_the_same_ids(settings):
    """A second start changes nothing; every subject has an id."""
    first = register_all(settings)

    assert set(SUBJECTS) == set(first)
    assert first == register_all(settings)


def test_the_registry_refuses_what_readers_could_not_read(settings, monkeypatch):
    """A new field without a default is refused, with a message that says what to do."""
    register_all(settings)
    schema = composed("Receipt")
    broken = {**schema, "fields": [*schema["fields"], {"name": "new", "type": "string"}]}
    real = registry.composed_json

    def changed(name: str) -> str:
        return json.dumps(broken) if name == "Receipt" else real(name)

    monkeypatch.setattr(registry, "composed_json", changed)

    with pytest.raises(ValueError, match="refuses dsn.Receipt.*BACKWARD_TRANSITIVE.*default"):
        register_all(settings)


def test_ids_once_seen_outlive_the_registry(settings):
    """With the registry down, known schemas are written and read from the disk cache."""
    register_all(settings)
    alone = Codec(RegistryIds(settings.model_copy(update={"registry": NOWHERE})))

    assert RECEIPT == alone.decode(alone.encode(RECEIPT))


def test_an_unknown_id_waits_while_the_registry_is_down(settings):
    """Nobody can say what it is: that is no reason to judge the record."""
    alone = RegistryIds(settings.model_copy(update={"registry": NOWHERE}))

    with pytest.raises(UnknownSchema):
        alone.schema_of(4_000_000)


def test_an_id_the_registry_does_not_know_is_unreadable(settings):
    """Only the registry's own word makes a record unreadable."""
    with pytest.raises(UnreadableRecord, match="knows no schema 4000000"):
        RegistryIds(settings).schema_of(4_000_000)


def test_a_first_start_without_registry_says_where_it_looked(settings, tmp_path):
    """Without cache and registry there is no id to write with; the message names the address."""
    alone = settings.model_copy(update={"registry": NOWHERE, "data": tmp_path / "empty"})

    with pytest.raises(RegistryUnreachable, match="127.0.0.1:9"):
        RegistryIds(alone).id_of("Receipt")


def test_threads_of_one_process_learn_an_id_at_once(settings):
    """As the sources of an edge do at its first start: each finds whole files, whoever wrote them."""
    register_all(settings)
    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            mine = settings.model_copy(update={"data": settings.data / f"{number}"})
            codec = Codec(RegistryIds(mine))
            values = set(pool.map(lambda one: one.encode(RECEIPT), [codec] * 8))
            assert len(values) == 1
            assert [RECEIPT] * 8 == list(pool.map(codec.decode, [*values] * 8))
