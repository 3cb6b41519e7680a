"""What the windows of a search move: `python -m benchmarks.windows_moved [--minutes 1 4 10 30] [--media FOLDER]`.

A real clip is looped to several lengths in three containers, and put into a bucket (rclone on this machine). What a
search on a worker fetches of it goes through a relay that counts the bytes: ranges of the film where the container has
an index, else the excerpt that the server cut, or the whole film where none can be cut; and the film's sheet. Nothing
is encoded. Results go to `benchmarks/results/windows_moved.json`. Counts of bytes, whatever else the machine does.
"""

import argparse
import hashlib
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.many_machines import FILM, KINDS, ROOT, looped
from benchmarks.relay import Relay
from reencodarr.errors import ExcerptUnusable
from reencodarr.media import fingerprint, packets, seekable
from reencodarr.media.packets import PacketIndex
from reencodarr.quality import excerpt, excerpt_pack, footage
from reencodarr.storage import embedded
from reencodarr.storage.bucket import Bucket, open_bucket
from reencodarr.tools import servers
from reencodarr.transfer import blocks, single, small
from reencodarr.transfer.download import download
from reencodarr.transfer.ranged import RangedFile
from reencodarr.transfer.urls import Renewing
from reencodarr.units import Seconds
from reencodarr.work import sheet as sheets
from reencodarr.work.sheet import Sheet

KEY, SECRET = "benchmark", "benchmarksecret"
_HOUR = Seconds(3600.0)


def main() -> None:
    """Measure and write the results."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--media", type=Path, default=ROOT.parent / "shared" / "media")
    options.add_argument("--minutes", type=float, nargs="+", default=[1.0, 4.0, 10.0, 30.0])
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="windows-moved-") as place:
        films = measured(Path(place), chosen.media / FILM, chosen.minutes)
    text = json.dumps({"clip": FILM, "films": films}, indent=2)
    (ROOT / "benchmarks" / "results" / "windows_moved.json").write_text(f"{text}\n")
    print(text)


def measured(place: Path, clip: Path, lengths: list[float]) -> list[dict[str, Any]]:
    """All figures."""
    port = servers.free_port()
    (place / "s3").mkdir()
    start = embedded.start(place / "s3", address=f"127.0.0.1:{port}", access_key=KEY, secret_key=SECRET)
    log = place / "rclone.log"
    with (
        servers.running(start.arguments, environment=start.environment, log_path=log) as server,
        Relay.to(port) as relay,
    ):
        servers.wait_until_listening(server, port, log_path=log)
        bucket = open_bucket(
            endpoint=f"http://127.0.0.1:{port}", public_endpoint=f"http://127.0.0.1:{relay.port}", name="films",
            access_key=KEY, secret_key=SECRET, certificate=None,
        )  # fmt: skip
        bucket.ensure()
        found = []
        for minutes in lengths:
            for kind, suffix in KINDS.items():
                film = place / f"{kind}-{minutes:g}{suffix}"
                looped(clip, film, minutes)
                with tempfile.TemporaryDirectory(dir=place) as folder:
                    found.append({"container": kind, "minutes": minutes} | _searched(film, bucket, relay, Path(folder)))
                film.unlink()
        return found


def _searched(film: Path, bucket: Bucket, relay: Relay, folder: Path) -> dict[str, Any]:
    """What a search of one film fetches, in which way."""
    index = packets.index(film)
    windows = footage.planned(index)
    with film.open("rb") as file:
        digests = blocks.digests(file)
    sheet = sheets.pack(Sheet(index=index, digests=digests))
    bucket.put_file("film", film)
    bucket.put_bytes("sheet", sheet)
    packed = None if seekable.has_index(film) else _packed(film, index, folder)
    if packed is not None:
        bucket.put_file("excerpt", packed)
    began = time.time()
    small.get(_url(bucket, "sheet"), sha256=hashlib.sha256(sheet).hexdigest())
    if packed is not None:
        single.fetch(_url(bucket, "excerpt"), folder / "fetched", sha256=fingerprint.sha256(packed))
    elif seekable.has_index(film):
        with RangedFile(_url(bucket, "film"), digests, folder / "ranges") as ranged:
            excerpt.cut(ranged, film.name, index, windows, folder, expect=ranged.expect)
    else:
        download(_url(bucket, "film"), folder / "whole", digests)
    down, _ = relay.between(began, time.time())
    return {
        "source_bytes": digests.size,
        "windows": len(windows),
        "way": "ranges" if packed is None and seekable.has_index(film) else "excerpt" if packed else "whole",
        "bytes_down": down,
        "down_share_of_source": round(down / digests.size, 4),
    }


def _packed(film: Path, index: PacketIndex, folder: Path) -> Path | None:
    """The excerpt that the server cuts; None where it cannot."""
    try:
        cut = excerpt.cut(film, film.name, index, footage.planned(index), folder)
    except ExcerptUnusable:
        return None
    return excerpt_pack.pack(cut, folder / "packed")


def _url(bucket: Bucket, key: str) -> Renewing:
    return Renewing(lambda: bucket.sign_get(key, _HOUR), name=key)


if __name__ == "__main__":
    main()
