"""When the certificates of this machine expire: those of the sources' listeners, and named ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from cryptography import x509

from dsn_consumers.alarms.facts import CertificateFacts
from dsn_producers import sources
from dsn_schemas.settings import Settings


def certificates(settings: Settings, further: Sequence[Path]) -> Iterator[CertificateFacts]:
    """The earliest end in each file; a file that cannot be read is for ``dsn check`` to say."""
    for path in files(settings, further):
        try:
            found = x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError):
            continue
        ends = [one.not_valid_after_utc for one in found]
        yield CertificateFacts(name=str(path), expires_at=min(ends))


def files(settings: Settings, further: Sequence[Path]) -> Iterable[Path]:
    """Every certificate file this machine is told of."""
    found = list(further)
    for source in sources.readable(settings.sources):
        if source.tls is not None:
            found.append(source.tls.certificate)
            found += [source.tls.ca] if source.tls.ca else []
    return dict.fromkeys(found)
