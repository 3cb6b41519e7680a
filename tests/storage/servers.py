"""Real S3 servers for tests: rclone, OpenStack Swift, MinIO and versitygw, with and without TLS.

Each keeps its objects in a folder, can be killed and started again on it, and is skipped with the reason where it is
not installed. versitygw and MinIO are built with Go's package tool; `.ci/run` has the lines.
"""

import contextlib
import functools
import importlib.util
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reencodarr.storage import bucket as buckets
from reencodarr.storage import embedded
from reencodarr.tools import processes, servers
from reencodarr.units import Seconds
from tests.servers import ports
from tests.storage import certificates, swift

NAMES = ("rclone", "swift", "minio", "versitygw")
GO_PROGRAMS = {"minio", "versitygw"}
START = Seconds(300.0)
"""For a start on a busy machine."""
FORGETFUL = {"rclone"}
"""Those that forget unfinished uploads when they are killed."""
UNFORGIVING = {"rclone"}
"""Those whose upload is over when one of its parts came damaged."""


@dataclass(kw_only=True)
class Server:
    """A running server, and how to reach it."""

    name: str
    folder: Path
    """Where it keeps its data."""
    port: int
    access_key: str
    secret_key: str
    certificate: certificates.Pair | None
    running: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    pids: list[int] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"

    @property
    def verify(self) -> Path | None:
        return self.certificate.certificate if self.certificate else None

    @functools.cached_property
    def opened(self) -> buckets.Bucket:
        return self.bucket()

    def bucket(
        self, name: str = "films", *, secret_key: str | None = None, public_endpoint: str | None = None
    ) -> buckets.Bucket:
        return buckets.open_bucket(
            endpoint=self.endpoint,
            public_endpoint=public_endpoint,
            name=name,
            access_key=self.access_key,
            secret_key=secret_key or self.secret_key,
            certificate=self.verify,
        )

    def kill(self) -> None:
        """End it the hard way."""
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        self.stop()

    def stop(self) -> None:
        for pid in self.pids:
            processes.end_tree(pid)
        self.running.close()
        self.pids.clear()

    def start(self) -> None:
        """Start it, also again, on the same data and the same port."""
        _STARTS[self.name](self)

    def run(self, arguments: list[str | Path], port: int, environment: dict[str, str] | None = None) -> None:
        log_path = self.folder.parent / f"{self.name}-{port}.log"
        process = self.running.enter_context(
            servers.running(arguments, environment=environment or {}, log_path=log_path)
        )
        self.pids.append(process.pid)
        servers.wait_until_listening(process, port, log_path=log_path, patience=START)


@contextlib.contextmanager
def serving(name: str, folder: Path, *, tls: bool) -> Iterator[Server]:
    """A server named `name` with its data below `folder`."""
    require(name)
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    server = Server(
        name=name,
        folder=data,
        port=ports.free(),
        # Swift's keys are «account:user».
        access_key=f"{'test:' if name == 'swift' else ''}key{secrets.token_hex(6)}",
        secret_key=secrets.token_hex(16),
        certificate=certificates.made(folder) if tls else None,
    )
    try:
        server.start()
        yield server
    finally:
        server.stop()


def require(name: str) -> None:
    """Skip the test where the server `name` is not installed."""
    if name in GO_PROGRAMS and go_program(name) is None:
        pytest.skip(f"{name} is not installed; .ci/run has the `go install` line")
    if name == "swift" and (sys.platform != "linux" or importlib.util.find_spec("swift") is None):
        pytest.skip("the package swift is not installed; it belongs to the dependency group dev")


def go_program(name: str) -> Path | None:
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), str(Path.home() / "go" / "bin")]))
    return Path(found) if found else None


def _start_rclone(server: Server) -> None:
    pair = server.certificate
    how = embedded.start(
        server.folder,
        address=f"127.0.0.1:{server.port}",
        access_key=server.access_key,
        secret_key=server.secret_key,
        certificate=pair.certificate if pair else None,
        private_key=pair.private_key if pair else None,
    )
    server.run(list(how.arguments), server.port, how.environment)


def _start_minio(server: Server) -> None:
    tls: list[str | Path] = ["--certs-dir", server.folder.parent / "none"]
    if server.certificate:
        folder = server.folder.parent / "certs"
        folder.mkdir(exist_ok=True)
        shutil.copy(server.certificate.certificate, folder / "public.crt")
        shutil.copy(server.certificate.private_key, folder / "private.key")
        tls = ["--certs-dir", folder]
    # Its console wants a port as well.
    console = ["--console-address", f"127.0.0.1:{ports.free()}"]
    server.run(
        [
            _present(go_program("minio")),
            "server",
            server.folder,
            "--address",
            f"127.0.0.1:{server.port}",
            *console,
            *tls,
        ],
        server.port,
        {"MINIO_ROOT_USER": server.access_key, "MINIO_ROOT_PASSWORD": server.secret_key, "MINIO_BROWSER": "off"},
    )


def _start_versitygw(server: Server) -> None:
    side = server.folder.parent / "side"
    side.mkdir(exist_ok=True)
    pair = server.certificate
    tls = ["--cert", pair.certificate, "--key", pair.private_key] if pair else []
    server.run(
        [_present(go_program("versitygw")), "--port", f"127.0.0.1:{server.port}", *tls, "--quiet"]
        + ["posix", "--sidecar", side, server.folder],
        server.port,
        {"ROOT_ACCESS_KEY": server.access_key, "ROOT_SECRET_KEY": server.secret_key},
    )


def _start_swift(server: Server) -> None:
    for program, configuration, port in swift.programs(
        server.folder,
        port=server.port,
        access_key=server.access_key,
        secret_key=server.secret_key,
        certificate=server.certificate,
    ):
        server.run([Path(sys.executable).parent / program, configuration], port)


def _present(path: Path | None) -> Path:
    assert path is not None
    return path


_STARTS: dict[str, Callable[[Server], None]] = {
    "rclone": _start_rclone,
    "swift": _start_swift,
    "minio": _start_minio,
    "versitygw": _start_versitygw,
}
