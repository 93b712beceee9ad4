"""The embedded stack: real Kafka, PostgreSQL and schema registry, from packages, on loopback."""

from dsn_deploy.errors import Busy, Damaged, NotReady, StackError, Unavailable
from dsn_deploy.stack.embedded import EmbeddedStack

__all__ = ["Busy", "Damaged", "EmbeddedStack", "NotReady", "StackError", "Unavailable"]
