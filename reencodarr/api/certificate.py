"""The server's own certificate authority and certificate, for HTTPS without a name that others could vouch for.

Workers pin the authority, which lives for twenty years; the certificate it signs is made anew before it expires and
whenever the machine's names or addresses changed, and no worker notices.
"""

import ipaddress
import logging
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from reencodarr.errors import SettingsError
from reencodarr.library.tables import now
from reencodarr.settings import Settings
from reencodarr.tools import private, scratch

log = logging.getLogger(__name__)

AUTHORITY_DAYS = 20 * 365
CERTIFICATE_DAYS = 800
"""Below the 825 days that some systems accept at most."""
RENEWED_BEFORE = timedelta(days=400)
"""A server that is started once a year never serves an expired certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Files for the server, and what workers pin."""

    certificate: Path
    """PEM: the certificate, then the authority's."""
    key: Path
    authority: Path


def ensured(settings: Settings) -> Certificate:
    """The certificate of this server, made or renewed where that is needed. May be repeated safely.

    Raises SettingsError.
    """
    folder = settings.data_dir / "tls"
    names = sorted(server_names(settings))
    try:
        authority, authority_key = _authority(folder)
        file = folder / "server.pem"
        if not _is_good(file, names, authority):
            _sign(folder, names, authority, authority_key)
            log.info("made a certificate for %s", ", ".join(names))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"The certificate in {folder} cannot be read or made: {error}.",
            path=folder,
            advice="Check who may write the folder; where it is damaged, delete it and add all workers anew.",
        ) from error
    return Certificate(certificate=file, key=file, authority=folder / "authority.pem")


def server_names(settings: Settings) -> set[str]:
    """Names and addresses by which workers may reach this machine."""
    names = {"localhost", "127.0.0.1", "::1", socket.gethostname(), settings.server.host}
    for addresses in psutil.net_if_addrs().values():
        for one in addresses:
            if one.family in (socket.AF_INET, socket.AF_INET6):
                names.add(one.address.partition("%")[0])
    for url in (settings.server.public_url, settings.bucket.public_endpoint):
        names.add(urlsplit(url or "").hostname or "")
    return {name for name in names if name and name not in {"0.0.0.0", "::"}}


def _authority(folder: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key_file, file = folder / "authority.key", folder / "authority.pem"
    if not key_file.exists():
        private.write_new(key_file, _pem(ec.generate_private_key(ec.SECP256R1())))
    key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{key_file} holds another kind of key")
    if not file.exists():
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Reencodarr on {socket.gethostname()}"[:64])])
        made = (
            _builder(subject, subject, key, days=AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        private.write_new(file, made.public_bytes(serialization.Encoding.PEM))
    return x509.load_pem_x509_certificate(file.read_bytes()), key


def _is_good(file: Path, names: list[str], authority: x509.Certificate) -> bool:
    if not file.exists():
        return False
    found = x509.load_pem_x509_certificates(file.read_bytes())[0]
    said = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    covered = {str(one.value) for one in said}
    is_ours = found.issuer == authority.subject and _key_id(found) == _key_id_of(authority)
    return is_ours and set(names) <= covered and found.not_valid_after_utc - now() > RENEWED_BEFORE


def _sign(
    folder: Path, names: list[str], authority: x509.Certificate, authority_key: ec.EllipticCurvePrivateKey
) -> None:  # fmt: skip
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Reencodarr")])
    made = (
        _builder(subject, authority.subject, key, days=CERTIFICATE_DAYS)
        .add_extension(x509.SubjectAlternativeName(_general(names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    # Key and certificates in one file, so that a renewal replaces both at once.
    text = made.public_bytes(pem) + authority.public_bytes(pem) + _pem(key)
    with scratch.folder(folder, "tls") as place:
        private.write_new(place / "server.pem", text)
        scratch.keep(place / "server.pem", folder / "server.pem")


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: int
) -> x509.CertificateBuilder:  # fmt: skip
    moment: datetime = now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=1))  # Clocks of workers may be behind.
        .not_valid_after(moment + timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general(names: Iterable[str]) -> list[x509.GeneralName]:
    general: list[x509.GeneralName] = []
    for name in names:
        try:
            general.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            general.append(x509.DNSName(name))
    return general


def _key_id(certificate: x509.Certificate) -> bytes | None:
    return certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier


def _key_id_of(authority: x509.Certificate) -> bytes:
    return authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
