"""The server's certificate, in real TLS handshakes."""

import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509

from reencodarr.api import certificate
from reencodarr.api.certificate import Certificate
from reencodarr.settings import Settings


def _settings(folder: Path, **server: object) -> Settings:
    return Settings(data_dir=folder, server={"tls": True, **server})  # type: ignore[arg-type]


def _handshake(files: Certificate, pinned: Path, name: str) -> None:
    """Shake hands over a real socket pair.

    Raises ssl.SSLError.
    """
    ours, theirs = socket.socketpair()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(files.certificate, files.key)
    asking = ssl.create_default_context(cafile=str(pinned))
    asking.verify_flags |= ssl.VERIFY_X509_STRICT  # what Python 3.13 does unasked

    def serve() -> None:
        try:
            serving.wrap_socket(ours, server_side=True).close()
        except OSError:
            ours.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        asking.wrap_socket(theirs, server_hostname=name).close()
    finally:
        theirs.close()
        thread.join()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "films.example.org", socket.gethostname()])
def test_it_is_believed_under_every_name_of_the_server(tmp_path: Path, name: str) -> None:
    files = certificate.ensured(_settings(tmp_path, public_url="https://films.example.org:4200"))

    _handshake(files, files.authority, name)


def test_it_is_not_believed_under_another_name(tmp_path: Path) -> None:
    files = certificate.ensured(_settings(tmp_path))

    with pytest.raises(ssl.SSLError, match="mismatch"):
        _handshake(files, files.authority, "films.example.org")


def test_another_servers_certificate_is_not_believed(tmp_path: Path) -> None:
    ours, theirs = (certificate.ensured(_settings(tmp_path / name)) for name in ("ours", "theirs"))

    with pytest.raises(ssl.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        _handshake(theirs, ours.authority, "localhost")


def test_it_stays_until_names_or_days_run_out_and_the_pin_stays_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = certificate.ensured(_settings(tmp_path))
    first, pinned = files.certificate.read_bytes(), files.authority.read_bytes()

    certificate.ensured(_settings(tmp_path))
    unchanged = files.certificate.read_bytes()
    certificate.ensured(_settings(tmp_path, public_url="https://films.example.org"))
    renamed = files.certificate.read_bytes()
    monkeypatch.setattr(certificate, "RENEWED_BEFORE", 2 * certificate.RENEWED_BEFORE + certificate.RENEWED_BEFORE)
    certificate.ensured(_settings(tmp_path))
    renewed = files.certificate.read_bytes()

    assert unchanged == first
    assert len({first, renamed, renewed}) == 3
    assert files.authority.read_bytes() == pinned
    _handshake(files, files.authority, "localhost")


def test_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    files = certificate.ensured(_settings(tmp_path))

    assert {path.stat().st_mode & 0o077 for path in (files.key, files.authority.with_name("authority.key"))} == {0}


def test_an_authority_signs_servers_and_no_other_authority(tmp_path: Path) -> None:
    files = certificate.ensured(_settings(tmp_path))

    authority = x509.load_pem_x509_certificate(files.authority.read_bytes())

    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
