"""A film in a bucket: read in part or whole, given back in parts, through a real S3 server."""

import hashlib
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reencodarr.encoding.encode import EncodeResult
from reencodarr.encoding.film import result_name
from reencodarr.errors import ObjectDamaged
from reencodarr.media import packets
from reencodarr.progress import Progress, silent
from reencodarr.quality import excerpt, excerpt_pack, footage
from reencodarr.storage import sizes
from reencodarr.storage.bucket import Bucket
from reencodarr.transfer import blocks
from reencodarr.transfer.line import Line
from reencodarr.units import Bytes, Seconds
from reencodarr.work import sheet as sheets
from reencodarr.work import talk
from reencodarr.work.beats import Meter
from reencodarr.work.link import Link
from reencodarr.work.orders import Delivery, Order, StagedSource, Terms
from reencodarr.work.sheet import Sheet
from reencodarr.work.staged import Staged
from reencodarr.work.talk import PartsAsked, PartUrls, Upload, UploadAsked, Urls
from tests.storage import servers
from tests.transfer import proxy as proxies
from tests.transfer.proxy import Exchange, Fault
from tests.work import kit
from tests.work import server as desks
from tests.work.server import Answer, Desk

HOUR = Seconds(3600.0)


@pytest.fixture(scope="module")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    with servers.serving("rclone", tmp_path_factory.mktemp("rclone"), tls=False) as found:
        yield found


@pytest.fixture
def bucket(rclone: servers.Server) -> Bucket:
    found = rclone.bucket()
    found.ensure()
    return found


@dataclass
class UploadDesk(Desk):
    """A desk that also opens uploads into a bucket."""

    bucket: Bucket | None = None
    upload_id: str = ""

    def answer(self, path: str, body: dict[str, object]) -> Answer:
        verb = path.rpartition("/")[2]
        assert self.bucket is not None
        if verb == "upload":
            asked = UploadAsked(**body)  # type: ignore[arg-type]
            self.upload_id = self.upload_id or self.bucket.start_upload("made")
            return 200, talk.to_json(Upload(upload_id=self.upload_id, part_size=sizes.part_size(asked.size), there=()))
        if verb == "parts":
            wanted = PartsAsked(**body)  # type: ignore[arg-type]
            urls = {n: self.bucket.sign_part("made", wanted.upload_id, n, HOUR) for n in wanted.numbers}
            return 200, talk.to_json(PartUrls(urls=urls))
        return super().answer(path, body)


def staged_source(film: Path, bucket: Bucket, *, packed: Path | None = None) -> StagedSource:
    """The film in the bucket; its first URL is not signed well, so that a fresh one has to be asked for."""
    with film.open("rb") as file:
        digests = blocks.digests(file)
    text = sheets.pack(Sheet(index=packets.index(film), digests=digests))
    bucket.put_file("film", film)
    bucket.put_bytes("sheet", text)
    if packed:
        bucket.put_file("excerpt", packed)
    return StagedSource(
        size=digests.size,
        sha256=digests.sha256,
        suffix=film.suffix,
        film=bucket.sign_get("film", HOUR).replace("Signature=", "Signature=0"),
        sheet=bucket.sign_get("sheet", HOUR),
        sheet_sha256=hashlib.sha256(text).hexdigest(),
        excerpt=bucket.sign_get("excerpt", HOUR) if packed else "",
        excerpt_sha256=hashlib.sha256(packed.read_bytes()).hexdigest() if packed else "",
    )


def desk_for(bucket: Bucket) -> UploadDesk:
    return UploadDesk(
        bucket=bucket,
        urls=lambda: Urls(film=bucket.sign_get("film", HOUR), sheet=bucket.sign_get("sheet", HOUR), result=""),
    )


def order(film: Path, source: StagedSource, terms: Terms) -> Order:
    return Order(job=kit.JOB, attempt=3, label=film.name, source=source, terms=terms)


def test_a_film_comes_whole_though_its_url_is_refused(
    bikes: Path, bucket: Bucket, fast_policy: Path, tmp_path: Path
) -> None:
    source, desk, meter = staged_source(bikes, bucket), desk_for(bucket), Meter()
    terms = kit.encode_terms(bikes, fast_policy)

    with desks.running(desk) as url, Link(desk.token, server=url) as way:
        staging = Staged(order(bikes, source, terms), source, way=way, line=Line(), meter=meter)
        film = staging.film(tmp_path, report=silent)

    assert film.read_bytes() == bikes.read_bytes()
    assert film.suffix == bikes.suffix
    assert film.stem != Path(result_name(terms.plan)).stem  # The encode lies in the same folder.
    assert meter.down >= source.size
    assert [path for path, _ in desk.heard if path.endswith("/urls")]


@pytest.fixture(scope="module")
def long_film(bikes: Path, tmp_path_factory: pytest.TempPathFactory, ffmpeg: Path) -> Path:
    """Half an hour's worth of windows' worth: the same clip many times, copied, with an index."""
    from reencodarr.tools import programs

    film = tmp_path_factory.mktemp("long") / "long.mkv"
    programs.run([ffmpeg, "-hide_banner", "-nostdin", "-stream_loop", "59", "-i", bikes, "-c", "copy", film])
    return film


def test_a_search_reads_only_what_its_windows_need(
    long_film: Path, bucket: Bucket, fast_policy: Path, tmp_path: Path
) -> None:
    source, desk, meter = staged_source(long_film, bucket), desk_for(bucket), Meter()
    terms = kit.search_terms(long_film, fast_policy)

    with desks.running(desk) as url, Link(desk.token, server=url) as way:
        staging = Staged(order(long_film, source, terms), source, way=way, line=Line(), meter=meter)
        found = staging.footage(tmp_path, report=silent)

    assert found is not None
    assert footage.planned(found.packets) == footage.planned(packets.index(long_film))
    assert 0 < meter.down < 0.8 * source.size, (meter.down, source.size)


def test_an_excerpt_that_the_server_cut_is_taken(
    long_film: Path, bucket: Bucket, fast_policy: Path, tmp_path: Path
) -> None:
    index = packets.index(long_film)
    (tmp_path / "cut").mkdir()
    cut = excerpt.cut(long_film, long_film.name, index, footage.planned(index), tmp_path / "cut")
    packed = excerpt_pack.pack(cut, tmp_path / "packed")
    source, desk, meter = staged_source(long_film, bucket, packed=packed), desk_for(bucket), Meter()
    terms = kit.search_terms(long_film, fast_policy)
    (tmp_path / "here").mkdir()

    with desks.running(desk) as url, Link(desk.token, server=url) as way:
        staging = Staged(order(long_film, source, terms), source, way=way, line=Line(), meter=meter)
        found = staging.footage(tmp_path / "here", report=silent)

    assert found is not None
    assert found.parts == excerpt.of(cut, index).parts
    assert meter.down >= packed.stat().st_size


def test_a_film_that_neither_has_an_index_nor_could_be_cut_is_wanted_whole_at_once(
    long_film: Path, bucket: Bucket, fast_policy: Path, tmp_path: Path, ffmpeg: Path
) -> None:
    """Its parts are not looked for first, only to be fetched once more with all the rest."""
    from reencodarr.tools import programs

    stream = tmp_path / "stream.ts"
    programs.run([ffmpeg, "-hide_banner", "-nostdin", "-i", long_film, "-map", "0:v", "-c", "copy", stream])
    source, desk, meter = staged_source(stream, bucket), desk_for(bucket), Meter()
    terms = kit.search_terms(stream, fast_policy)

    with desks.running(desk) as url, Link(desk.token, server=url) as way:
        staging = Staged(order(stream, source, terms), source, way=way, line=Line(), meter=meter)

        assert staging.footage(tmp_path, report=silent) is None
    assert meter.down < 0.25 * source.size, (meter.down, source.size)


def test_a_short_film_is_wanted_whole(bikes: Path, bucket: Bucket, fast_policy: Path, tmp_path: Path) -> None:
    source, desk = staged_source(bikes, bucket), desk_for(bucket)
    terms = kit.search_terms(bikes, fast_policy)

    with desks.running(desk) as url, Link(desk.token, server=url) as way:
        staging = Staged(order(bikes, source, terms), source, way=way, line=Line(), meter=Meter())

        assert staging.footage(tmp_path, report=silent) is None


def test_a_sheet_of_another_film_is_not_believed(
    bikes: Path, bucket: Bucket, fast_policy: Path, tmp_path: Path
) -> None:
    source, desk = staged_source(bikes, bucket), desk_for(bucket)
    other = StagedSource(
        size=Bytes(source.size + 1), sha256=source.sha256, suffix=source.suffix, film=source.film, sheet=source.sheet,
        sheet_sha256=source.sheet_sha256,
    )  # fmt: skip

    terms = kit.encode_terms(bikes, fast_policy)
    with desks.running(desk) as url, Link(desk.token, server=url) as way:
        staging = Staged(order(bikes, other, terms), other, way=way, line=Line(), meter=Meter())

        with pytest.raises(ObjectDamaged):
            staging.film(tmp_path, report=silent)


def encoded(path: Path) -> EncodeResult:
    return EncodeResult(
        path=path,
        size=Bytes(path.stat().st_size),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        frames=1,
        seconds=Seconds(1.0),
        cpu_seconds=Seconds(1.0),
        peak_memory=Bytes(1),
        command="",
        build="",
    )


def test_an_encode_is_delivered_through_an_outage_of_the_bucket(
    rclone: servers.Server, bikes: Path, bucket: Bucket, fast_policy: Path, tmp_path: Path
) -> None:
    made = Path(shutil.copy(bikes, tmp_path / "made.mkv"))
    source, desk, meter, seen = staged_source(bikes, bucket), desk_for(bucket), Meter(), list[Progress]()
    terms = kit.encode_terms(bikes, fast_policy)
    rclone.stop()
    desk.upload_id = "begun before it stopped, and forgotten"
    done: list[Delivery] = []

    with desks.running(desk) as url, Link(desk.token, server=url) as way:
        staging = Staged(order(bikes, source, terms), source, way=way, line=Line(), meter=meter, pause=Seconds(0.5))
        delivering = threading.Thread(target=lambda: done.append(staging.deliver(encoded(made), report=seen.append)))
        delivering.start()
        time.sleep(2)
        rclone.start()
        time.sleep(1)
        desk.upload_id = ""
        delivering.join(240)

    (delivery,) = done
    parts = [(part.number, part.etag) for part in delivery.parts]
    bucket.finish_upload("made", delivery.upload_id, parts, size=delivery.size)
    bucket.download("made", tmp_path / "back.mkv", size=delivery.size, sha256=delivery.sha256)
    assert meter.up >= delivery.size
    assert {progress.stage for progress in seen} == {"upload"}


def test_an_encode_is_delivered_though_a_byte_flips_on_its_way(
    rclone: servers.Server, bikes: Path, bucket: Bucket, fast_policy: Path, tmp_path: Path
) -> None:
    made = Path(shutil.copy(bikes, tmp_path / "made.mkv"))
    source, meter = staged_source(bikes, bucket), Meter()
    terms = kit.encode_terms(bikes, fast_policy)
    with proxies.between(rclone.port) as proxy:
        desk = desk_for(rclone.bucket(public_endpoint=proxy.endpoint))
        damaged: list[str] = []

        def flips_once(exchange: Exchange) -> Fault:
            if damaged:
                return Fault()
            damaged.append(desk.upload_id)
            desk.upload_id = ""  # The bucket will have lost it.
            return Fault(flip=1000)

        proxy.fault = flips_once
        with desks.running(desk) as url, Link(desk.token, server=url) as way:
            staging = Staged(order(bikes, source, terms), source, way=way, line=Line(), meter=meter, pause=Seconds(0.1))
            delivery = staging.deliver(encoded(made), report=silent)

    parts = [(part.number, part.etag) for part in delivery.parts]
    bucket.finish_upload("made", delivery.upload_id, parts, size=delivery.size)
    bucket.download("made", tmp_path / "back.mkv", size=delivery.size, sha256=delivery.sha256)
    assert len(damaged) == 1
    assert delivery.upload_id not in damaged
