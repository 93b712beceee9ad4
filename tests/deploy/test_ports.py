"""Ports: as asked for, else as last time, else free."""

from __future__ import annotations

import socket
from dataclasses import astuple
from pathlib import Path

import pytest

from dsn_deploy.stack.ports import FREE_PORTS, choose, is_free


def test_ports_differ(tmp_path: Path) -> None:
    """Every listener gets a port of its own."""
    ports = astuple(choose(tmp_path / "ports.json"))

    assert len(set(ports)) == len(ports)
    assert all(port in FREE_PORTS for port in ports)


def test_ports_stay_the_same(tmp_path: Path) -> None:
    """The next start of a data folder has the addresses of the one before."""
    remembered = tmp_path / "ports.json"

    assert choose(remembered) == choose(remembered)


def test_port_taken_since_is_replaced(tmp_path: Path) -> None:
    """When somebody else took last time's port, only that one changes."""
    remembered = tmp_path / "ports.json"
    before = choose(remembered)
    with socket.create_server(("127.0.0.1", before.kafka)):
        after = choose(remembered)

    assert after.kafka != before.kafka
    assert after.postgres == before.postgres


def test_port_asked_for_is_taken(tmp_path: Path) -> None:
    """A configured port is not second-guessed."""
    assert choose(tmp_path / "ports.json", {"kafka": 9092}).kafka == 9092


def test_unknown_listener_is_refused(tmp_path: Path) -> None:
    """A port for something that does not exist is a mistake."""
    with pytest.raises(ValueError, match="no such port: zookeeper"):
        choose(tmp_path / "ports.json", {"zookeeper": 2181})


def test_damaged_memory_only_costs_new_ports(tmp_path: Path) -> None:
    """A ports file that cannot be read is replaced."""
    remembered = tmp_path / "ports.json"
    remembered.write_text('["not", "ports"]')

    assert choose(remembered) == choose(remembered)


def test_used_port_is_not_free() -> None:
    """A port with a listener is not free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert not is_free(taken.getsockname()[1])
