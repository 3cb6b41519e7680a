"""An object of any size in one stream into a file, where only the SHA-256 of the whole is known."""

import hashlib
from pathlib import Path

from reencodarr.errors import ObjectDamaged
from reencodarr.tools import scratch
from reencodarr.transfer.blocks import OnBytes
from reencodarr.transfer.line import Line, Peer
from reencodarr.transfer.tries import until_done
from reencodarr.transfer.urls import Renewing


def fetch(
    url: Renewing, path: Path, *, sha256: str, line: Line | None = None, on_bytes: OnBytes = lambda _: None
) -> None:
    """Make `path` the object, if it is the announced one. A connection that breaks begins anew.

    Raises ObjectDamaged when it is another, also when it is fetched again; ObjectMissing, UrlExpired, TransferBroken,
    WorkStopped. Leaves no file then. A full disk is an OSError, which the scratch folder around it names.
    """
    with Peer(line or Line()) as peer:

        def attempt(address: str) -> str:
            digest = hashlib.sha256()
            with (
                peer.ask("GET", address, name=url.name, headers={"Accept-Encoding": "identity"}) as answer,
                path.open("wb") as file,
            ):
                for chunk in peer.chunks(answer):
                    digest.update(chunk)
                    file.write(chunk)
                    on_bytes(len(chunk))
            return digest.hexdigest()

        try:
            for _ in range(2):
                if until_done(url, peer.line, attempt) == sha256:
                    return
        except BaseException:
            scratch.discard([path])
            raise
    scratch.discard([path])
    raise ObjectDamaged(f"{url.name} is not what was announced.", advice="It is staged anew.")
