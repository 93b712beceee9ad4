"""MLLP inside TLS, with and without a client's certificate."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dsn_producers.intake import Intake
from dsn_producers.limits import Limits
from dsn_producers.mllp import Listener
from dsn_producers.mllp_client import MllpClient, NoAnswer
from dsn_producers.outbox import Outbox
from dsn_producers.sources import Source, Tls
from dsn_schemas.settings import Settings
from support.establishment import map_words, message_of

MESSAGE = message_of([("1", "a", "x")])


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    """A self-signed certificate of 127.0.0.1, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "edge")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    tls = Tls(certificate=tmp_path / "edge.pem", key=tmp_path / "edge.key")
    tls.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    tls.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return tls


@contextmanager
def listening(settings: Settings, source: Source) -> Iterator[int]:
    """A listener of the source; gives its port."""
    outbox = Outbox(settings, source.name)
    intake = Intake(source, outbox, map_words, kind="hl7v2")
    listener = Listener(intake, Limits(read_s_max=2, drain_s_max=5))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(listener.start(), loop).result(10)
    try:
        yield listener.port
    finally:
        asyncio.run_coroutine_threadsafe(listener.stop(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        intake.close()
        outbox.close()


def client(port: int, tls: Tls, *, certificate: bool = False) -> MllpClient:
    """A sender that trusts the edge, with the edge's own certificate where one is asked for."""
    context = ssl.create_default_context(cafile=tls.certificate)
    if certificate:
        context.load_cert_chain(tls.certificate, tls.key)
    return MllpClient("127.0.0.1", port, attempts=2, wait_s=5, tls=context, sleep=lambda _: None)


def test_a_message_is_acknowledged_inside_tls(settings: Settings, source: Source, tls: Tls) -> None:
    """The sender verifies the edge; a sender without TLS gets nothing, and others go on."""
    secured = source.model_copy(update={"tls": tls})
    with listening(settings, secured) as port:
        with (
            MllpClient("127.0.0.1", port, attempts=1, wait_s=5) as plain,
            pytest.raises(NoAnswer),
        ):
            plain.send(MESSAGE)
        with client(port, tls) as sender:
            assert sender.send(MESSAGE).code == "AA"


def test_where_an_authority_is_named_a_sender_needs_a_certificate(
    settings: Settings, source: Source, tls: Tls
) -> None:
    """Mutual: without one nothing is accepted."""
    mutual = tls.model_copy(update={"ca": tls.certificate})
    secured = source.model_copy(update={"tls": mutual})
    with listening(settings, secured) as port:
        with client(port, tls) as stranger, pytest.raises(NoAnswer):
            stranger.send(MESSAGE)
        with client(port, tls, certificate=True) as known:
            assert known.send(MESSAGE).code == "AA"
