"""Bytes over presigned URLs, measured: `python -m benchmarks.transfer [--mib N] [--rounds N]`.

Against one rclone on this machine, ours and `curl` take turns with the same object and fresh presigned URLs: down
(whole, with every block and the SHA-256 verified; curl alone, and curl followed by `sha256sum`) and up (parts of
64 MiB, each with its MD5; curl sends the same parts one after another), and a ranged reader straight through. The
transfers of ours run in processes of their own, so that their CPU seconds and peak memory are theirs. Results go to
`benchmarks/results/transfer.json`. Server and client share this machine's cores: read ratios.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reencodarr.storage import embedded, sizes
from reencodarr.storage.bucket import Bucket, open_bucket
from reencodarr.tools import servers
from reencodarr.transfer import blocks, parts
from reencodarr.units import KIB, MIB, Bytes, Seconds

ROOT = Path(__file__).parents[1]
KEY, SECRET = "benchmark", "benchmarksecret"
_HOUR = Seconds(3600.0)

CHILD = """
import json, resource, sys, time
from pathlib import Path
from reencodarr.transfer.blocks import Digests
from reencodarr.transfer.download import download
from reencodarr.transfer.ranged import RangedFile
from reencodarr.transfer.upload import upload
from reencodarr.transfer.urls import Renewing
order = json.loads(sys.stdin.read())
path = Path(order["path"])
def peak():  # Not ru_maxrss, which begins with that of the process that started this one.
    words = Path("/proc/self/status").read_text().split()
    return int(words[words.index("VmHWM:") + 1])
idle = peak()
before = resource.getrusage(resource.RUSAGE_SELF)
started = time.monotonic()
if order["what"] == "up":
    urls = {int(number): url for number, url in order["urls"].items()}
    found = upload(path, lambda numbers: {n: urls[n] for n in numbers}, part_size=order["part_size"])
    answer = [[part.number, part.etag] for part in found]
else:
    packed = bytes.fromhex(order["packed"])
    digests = Digests(size=order["size"], sha256=order["sha256"], packed=packed)
    url = Renewing(lambda: order["url"])
    answer = []
    if order["what"] == "down":
        download(url, path, digests)
    else:
        with RangedFile(url, digests, path) as ranged:
            while ranged.read(65536):
                pass
seconds = time.monotonic() - started
after = resource.getrusage(resource.RUSAGE_SELF)
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(json.dumps({"seconds": seconds, "cpu_s": cpu, "rss_kib": peak(), "rss_before": idle,
    "answer": answer}))
"""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One transfer."""

    seconds: float
    cpu_s: float
    rss_mib: float = 0.0
    idle_rss_mib: float = 0.0
    """Before the first byte: Python and what it imported."""


def main() -> None:
    """Measure and write the results."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--mib", type=int, default=512)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as place:
        results = measured(Path(place), chosen.mib, chosen.rounds)
    target = ROOT / "benchmarks" / "results" / "transfer.json"
    target.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


def measured(place: Path, mib: int, rounds: int) -> dict[str, Any]:
    """All figures."""
    film = place / "film"
    with film.open("wb") as file:
        for _ in range(mib):
            file.write(os.urandom(MIB))
    with film.open("rb") as file:
        started = time.monotonic()
        digests = blocks.digests(file)
        digest_rate = mib / (time.monotonic() - started)
    port = servers.free_port()
    (place / "s3").mkdir()
    start = embedded.start(place / "s3", address=f"127.0.0.1:{port}", access_key=KEY, secret_key=SECRET)
    log = place / "rclone.log"
    with servers.running(start.arguments, environment=start.environment, log_path=log) as server:
        servers.wait_until_listening(server, port, log_path=log)
        bucket = open_bucket(
            endpoint=f"http://127.0.0.1:{port}", name="films", access_key=KEY, secret_key=SECRET, certificate=None
        )
        bucket.ensure()
        bench = _Bench(place=place, film=film, digests=digests, bucket=bucket)
        ways: dict[str, Callable[[], Trial]] = {
            "up_ours": bench.up_ours,
            "up_curl": bench.up_curl,
            "down_ours": bench.down_ours,
            "down_curl": bench.down_curl,
            "down_curl_sha256sum": bench.down_curl_checked,
            "ranged_ours": bench.ranged_ours,
        }
        trials: dict[str, list[Trial]] = {way: [] for way in ways}
        for trial in ways.values():  # Each once before it counts.
            trial()
        for _ in range(rounds):
            for way, trial in ways.items():
                trials[way].append(trial())
    return _figures(trials, mib, rounds) | {"digests_mib_s": round(digest_rate, 1)}


@dataclass(frozen=True, kw_only=True)
class _Bench:
    place: Path
    film: Path
    digests: blocks.Digests
    bucket: Bucket

    def up_ours(self) -> Trial:
        upload_id, urls, size = self._begun()
        done, answer = _child({"what": "up", "path": str(self.film), "urls": urls, "part_size": size})
        self.bucket.finish_upload("film", upload_id, [tuple(part) for part in answer], size=self.digests.size)
        return done

    def up_curl(self) -> Trial:
        """The same parts, each a range of the file that is fed to curl by dd, as the shell would do it."""
        upload_id, urls, size = self._begun()
        pieces = parts.pieces(self.digests.size, Bytes(size))
        files = []
        with self.film.open("rb") as film:
            for piece in pieces:
                files.append(self.place / f"piece{piece.number}")
                files[-1].write_bytes(film.read(piece.size))
        words = []
        for piece, file in zip(pieces, files, strict=True):
            words += [*(["--next"] if words else []), "-sSf", "-o", os.devnull, "-T", str(file), urls[piece.number]]
        done = _program(["curl", *words])
        for file in files:
            file.unlink()
        self.bucket.abort_upload("film", upload_id)
        return done

    def down_ours(self) -> Trial:
        done, _ = _child({"what": "down", **self._order()})
        (self.place / "out").unlink()
        return done

    def ranged_ours(self) -> Trial:
        return _child({"what": "ranged", **self._order()})[0]

    def down_curl(self) -> Trial:
        done = _program(["curl", "-sSf", "-o", str(self.place / "out"), self._url()])
        (self.place / "out").unlink()
        return done

    def down_curl_checked(self) -> Trial:
        got = _program(["curl", "-sSf", "-o", str(self.place / "out"), self._url()])
        checked = _program(["sha256sum", str(self.place / "out")])
        (self.place / "out").unlink()
        return Trial(seconds=got.seconds + checked.seconds, cpu_s=got.cpu_s + checked.cpu_s)

    def _begun(self) -> tuple[str, dict[int, str], int]:
        size = sizes.part_size(self.digests.size)
        upload_id = self.bucket.start_upload("film")
        numbers = [piece.number for piece in parts.pieces(self.digests.size, size)]
        return upload_id, {n: self.bucket.sign_part("film", upload_id, n, _HOUR) for n in numbers}, size

    def _order(self) -> dict[str, Any]:
        known = self.digests
        return {
            "url": self._url(),
            "path": str(self.place / "out"),
            "size": known.size,
            "sha256": known.sha256,
            "packed": known.packed.hex(),
        }

    def _url(self) -> str:
        return self.bucket.sign_get("film", _HOUR)


def _child(order: dict[str, Any]) -> tuple[Trial, Any]:
    done = subprocess.run(
        [sys.executable, "-c", CHILD], input=json.dumps(order), capture_output=True, text=True, check=True, cwd=ROOT
    )
    said = json.loads(done.stdout)
    return (
        Trial(
            seconds=said["seconds"],
            cpu_s=said["cpu_s"],
            rss_mib=said["rss_kib"] * KIB / MIB,
            idle_rss_mib=said["rss_before"] * KIB / MIB,
        ),
        said["answer"],
    )


def _program(arguments: list[str]) -> Trial:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Trial(seconds=seconds, cpu_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _figures(trials: dict[str, list[Trial]], mib: int, rounds: int) -> dict[str, Any]:
    def ratio(ours: str, theirs: str) -> float:
        """Of speeds, round by round."""
        pairs = zip(trials[ours], trials[theirs], strict=True)
        return round(statistics.median(their.seconds / our.seconds for our, their in pairs), 2)

    return {
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "load": round(os.getloadavg()[0], 1)},
        "mib": mib,
        "rounds": rounds,
        "mib_s": {
            way: round(statistics.median(mib / trial.seconds for trial in found), 1) for way, found in trials.items()
        },
        "cpu_ms_a_mib": {
            way: round(statistics.median(1000 * trial.cpu_s / mib for trial in found), 2)
            for way, found in trials.items()
        },
        "speed_against_curl": {
            "up": ratio("up_ours", "up_curl"),
            "down": ratio("down_ours", "down_curl"),
            "down_with_both_verifying": ratio("down_ours", "down_curl_sha256sum"),
        },
        "peak_rss_mib": {
            way: round(max(trial.rss_mib for trial in found), 1) for way, found in trials.items() if "ours" in way
        },
        "rss_before_mib": round(max(trial.idle_rss_mib for trial in trials["down_ours"]), 1),
    }


if __name__ == "__main__":
    main()
