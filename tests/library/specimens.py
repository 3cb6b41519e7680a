"""A small library in a database: at least one video in every state, with what the pipeline would have written."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from reencodarr.library.states import State
from reencodarr.library.tables import (
    Encode,
    Facts,
    Failure,
    LedgerEntry,
    Library,
    PlanRow,
    Search,
    StateChange,
    SwapRow,
    Video,
    VideoState,
    VmafProbe,
)
from reencodarr.units import GIB, MIB

START = datetime(2025, 11, 20, 18, 0, tzinfo=UTC)
ROOT = Path("/srv/films")
NOT_UTF8 = "Am\udce9lie (2001).avi"
HOSTILE = "![x](https:example.com) *b* $a$ :red[c] <i>d<i> `e`.mkv"
"""A name that Markdown, LaTeX, Streamlit or HTML would change, and that would fetch a picture."""
DOCUMENT = {
    "container": "matroska",
    "size": 4 * GIB,
    "duration": 5400.0,
    "bitrate": 6_000_000,
    "video": {"codec": "h264", "width": 1920, "height": 1080, "bit_depth": 8, "frame_rate": "24000/1001"},
    "audio": [{"codec": "ac3", "channels": 6, "bitrate": 448_000, "language": "eng"}],
    "text": [{"codec": "subrip", "language": "deu", "forced": True}],
}
PROBES = ((24.0, 97.9, 96.8, 62.0), (30.0, 96.3, 94.6, 41.5), (33.5, 95.1, 92.9, 33.0), (40.0, 91.6, 87.7, 22.4))
"""CRF, mean, p5 and per cent."""


class Specimens:
    """Writes videos one by one; `ids` names them."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.ids: dict[str, int] = {}
        self.library = Library(path=ROOT, scanned_at=START)
        session.add(self.library)
        session.flush()

    def video(
        self, key: str, name: str, state: State, *, size: int = 4 * GIB, reason: str = "", hours: float = 0
    ) -> int:
        """A file with a state, and how it came to it."""
        video = Video(
            library_id=self.library.id or 0,
            path=ROOT / name,
            device=1,
            inode=100 + len(self.ids),
            size=size,
            mtime_ns=1_700_000_000_123_456_789,
            sparse_hash="5c" * 16,
            found_at=START,
            seen_at=START,
        )
        self.session.add(video)
        self.session.flush()
        key_id = self.ids[key] = video.id or 0
        changed = START + timedelta(hours=hours)
        self.session.add(VideoState(video_id=key_id, state=state, reason=reason, changed_at=changed))
        self.session.add(StateChange(video_id=key_id, before="needs_analysis", after="analyzing", at=START))
        self.session.add(StateChange(video_id=key_id, before="analyzing", after=state, note=reason, at=changed))
        self.session.flush()
        return key_id

    def facts(
        self,
        key: str,
        *,
        codec: str = "h264",
        height: int = 1080,
        title: str | None = None,
        left: str = "",
        hdr: str = "sdr",
    ) -> None:
        """What an analysis found, and the plan."""
        self.session.add(
            Facts(
                video_id=self.ids[key],
                container="matroska",
                title=title,
                codec=codec,
                width=height * 16 // 9,
                height=height,
                frame_rate="24000/1001",
                bit_depth=8,
                chroma="4:2:0",
                scan="progressive",
                hdr=hdr,
                duration=5400.0,
                bitrate=6_000_000,
                document=json.dumps(DOCUMENT),
            )
        )
        text = left or "The film is 1080p H.264; the target is VMAF 95.\nAC-3 audio is copied."
        action = "leave" if left else "encode"
        self.session.add(PlanRow(video_id=self.ids[key], policy_digest="d1", action=action, text=text, document="{}"))

    def search(
        self,
        key: str,
        *,
        key_name: str = "k1",
        crf: float = 33.5,
        predicted: float = 95.1,
        probes: tuple[tuple[float, float, float, float], ...] = PROBES,
        reason: str = "",
        bias: float = 0.0,
    ) -> None:
        """Probes and their answer."""
        for probe_crf, mean, p5, percent in probes:
            self.session.add(
                VmafProbe(
                    video_id=self.ids[key],
                    search_key=key_name,
                    crf=probe_crf,
                    mean=mean,
                    p5=p5,
                    percent=percent,
                    seconds=30.0,
                    target=95.0,
                    engine="native",
                    build="b",
                    probed_at=START,
                )
            )
        self.session.add(
            Search(
                video_id=self.ids[key],
                search_key=key_name,
                crf=crf,
                predicted=predicted,
                interval=0.4,
                percent=33.0,
                target=95.0,
                met=True,
                reason=reason,
                bias=bias,
                engine="native",
                build="SVT-AV1 v4.0",
                searched_at=START,
            )
        )

    def encode(
        self, key: str, *, size: int, source: int = 4 * GIB, achieved: float | None = 95.3, note: str = ""
    ) -> None:
        """A finished encode."""
        self.session.add(
            Encode(
                video_id=self.ids[key],
                attempt=1,
                crf=33.5,
                result_path=ROOT / f"{key}.mkv",
                sha256="ab" * 32,
                size=size,
                source_size=source,
                seconds=3600.0,
                predicted=95.1,
                achieved=achieved,
                achieved_p5=None if achieved is None else achieved - 2,
                deviation=None if achieved is None else round(achieved - 95.1, 3),
                note=note,
                scored_share=0.25,
                streams_before=json.dumps(["video h264, 1920x1080", "audio ac3, eng", "subtitles subrip, deu"]),
                streams_after=json.dumps(["video av1, 1920x1080", "audio ac3, eng", "subtitles subrip, deu"]),
                build="SVT-AV1 v4.0",
                verdict="proven",
                ended_at=START + timedelta(hours=2),
            )
        )

    def swap(self, key: str, *, before: int, after: int, kinds: tuple[str, ...] = ("replaced",)) -> str:
        """A swap with its ledger entries, the first of which is `replaced`."""
        swap_id = f"swap-{key}-{len(self.session.new)}"
        self.session.add(
            SwapRow(
                id=swap_id,
                video_id=self.ids[key],
                batch="batch-1",
                state="done",
                original=ROOT / f"{key}.mkv",
                destination=ROOT / f"{key}.mkv",
                trash=ROOT / ".reencodarr-trash" / f"{key}.mkv",
                document="{}",
                size_before=before,
                size_after=after,
                keep_until=START + timedelta(days=30),
                started_at=START + timedelta(hours=3),
                changed_at=START + timedelta(hours=3),
            )
        )
        freed = {"replaced": -after, "freed": before, "undone": after}
        for kind in kinds:
            self.session.add(
                LedgerEntry(
                    video_id=self.ids[key],
                    swap_id=swap_id,
                    kind=kind,
                    bytes_before=before,
                    bytes_after=after,
                    bytes_freed=freed[kind],
                    at=START + timedelta(hours=3),
                )
            )
        self.session.flush()
        return swap_id

    def failure(self, key: str, *, stage: str, code: str, message: str, advice: str, resolved: bool = False) -> None:
        """A failure, open or resolved."""
        self.session.add(
            Failure(
                video_id=self.ids[key],
                stage=stage,
                category="unreadable_media",
                code=code,
                message=message,
                advice=advice,
                context=json.dumps({"command": "ffmpeg -i x.mkv", "exit_code": 183, "stderr": "moov atom not found"}),
                failed_at=START + timedelta(hours=1),
                resolved_at=START + timedelta(hours=2) if resolved else None,
            )
        )
        self.session.flush()


def fill(session: Session) -> dict[str, int]:
    """Every state once, some twice; returns the videos' ids by name."""
    made = Specimens(session)
    made.video("new", "inbox/Night Train (2019).mkv", State.NEEDS_ANALYSIS)
    made.video("analyzing", NOT_UTF8, State.ANALYZING, size=700 * MIB)
    made.video("analyzed", "Over the Sea (1998)/Über dem Meer.mp4", State.ANALYZED)
    made.facts("analyzed", codec="mpeg4", height=720)
    made.video("searching", "Quiet Harbour (2021).mkv", State.CRF_SEARCHING)
    made.facts("searching")
    made.video("searched", "Red Dust (2015).mkv", State.CRF_SEARCHED, size=2 * GIB)
    made.facts("searched", codec="hevc", height=2160)
    made.search("searched")
    made.video("encoding", HOSTILE.replace("/", ""), State.ENCODING, size=1 * GIB)
    made.facts("encoding")
    made.search("encoding")
    made.video("encoded", "Slow River (2008).mkv", State.ENCODED, size=3 * GIB)
    made.facts("encoded")
    made.search("encoded")
    made.encode("encoded", size=1 * GIB, source=3 * GIB)
    _replaced(made)
    made.video("own", "The Mill (1972).mkv", State.SKIPPED, size=900 * MIB, reason="already_av1", hours=1)
    made.facts("own", codec="av1", left="It is AV1 already.")
    made.video("dovi", "Winter Light (2022).mkv", State.SKIPPED, size=20 * GIB, reason="dolby_vision", hours=1)
    made.facts("dovi", codec="hevc", height=2160, left="Dolby Vision would be lost.")
    made.video("failed", "Zero Hour.mkv", State.FAILED, size=12 * MIB, reason="damaged_source", hours=1)
    made.failure(
        "failed",
        stage="analysis",
        code="damaged_source",
        message="Zero Hour.mkv ends in the middle of a frame.",
        advice="Get the file again, then run `reencodarr run` once more.",
    )
    made.failure("failed", stage="analysis", code="file_unreadable", message="Old.", advice="-", resolved=True)
    made.video("failed2", "Zulu.mkv", State.FAILED, size=11 * MIB, reason="damaged_source", hours=2)
    made.failure("failed2", stage="analysis", code="damaged_source", message="Zulu.mkv is cut.", advice="Get it again.")
    made.video("gone", "Away.mkv", State.GONE, hours=5)
    session.commit()
    return made.ids


def _replaced(made: Specimens) -> None:
    made.video("replaced", "Blue Hill (2010)/Blue Hill.mkv", State.REPLACED, size=1536 * MIB, hours=3)
    made.facts("replaced", title="A Hill in Blue")
    made.search("replaced")
    made.encode("replaced", size=1536 * MIB)
    made.swap("replaced", before=4 * GIB, after=1536 * MIB)
    made.video("freed", "Cold Coast (2012).mkv", State.REPLACED, size=1 * GIB, hours=2)
    made.facts("freed")
    made.search("freed")
    made.encode("freed", size=1 * GIB)
    made.swap("freed", before=4 * GIB, after=1 * GIB, kinds=("replaced", "freed"))
    made.video("undone", "Dry Field (2001).mkv", State.ANALYZED, hours=4)
    made.facts("undone")
    made.search("undone")
    made.encode("undone", size=1 * GIB)
    made.swap("undone", before=4 * GIB, after=1 * GIB, kinds=("replaced", "undone"))
