"""Facts about a video: the whole as a document that the rules read, the often asked in narrow columns."""

import json

from pydantic import TypeAdapter
from sqlmodel import Session

from reencodarr.errors import StateConflict
from reencodarr.library.tables import Facts, MediaInfoDocument, now
from reencodarr.media.facts import MediaFacts

_FACTS: TypeAdapter[MediaFacts] = TypeAdapter(MediaFacts)


def record(session: Session, video_id: int, facts: MediaFacts, *, document: str) -> None:
    """Keep facts and MediaInfo's raw answer; replaces what was known."""
    session.merge(_row(video_id, facts))
    session.merge(MediaInfoDocument(video_id=video_id, document=document))


def of(session: Session, video_id: int) -> MediaFacts:
    """The facts of a video.

    Raises StateConflict when it was not analysed.
    """
    row = session.get(Facts, video_id)
    if row is None:
        raise StateConflict(f"Video {video_id} was not analysed yet.")
    return from_document(row.document)


def document(facts: MediaFacts) -> str:
    """Facts as JSON: fractions as `24000/1001`, and ASCII, so that any title survives any database."""
    return json.dumps(_FACTS.dump_python(facts, mode="json"))


def from_document(text: str) -> MediaFacts:
    """The facts that `document` wrote."""
    return _FACTS.validate_python(json.loads(text))


def _row(video_id: int, facts: MediaFacts) -> Facts:
    row = Facts(
        video_id=video_id,
        container=facts.container,
        duration=facts.duration,
        bitrate=facts.bitrate,
        title=facts.title,
        audio_tracks=len(facts.audio),
        text_tracks=len(facts.text),
        audio_codecs=" ".join(track.codec for track in facts.audio),
        content_year=facts.content_year,
        document=document(facts),
        probed_at=now(),
    )
    video = facts.video
    if video is not None:
        row.codec, row.width, row.height = video.codec, video.width, video.height
        row.frame_rate = None if video.frame_rate is None else str(video.frame_rate)
        row.rate_mode, row.scan, row.hdr = video.rate_mode.value, video.scan.value, video.hdr.value
        row.bit_depth, row.chroma = video.bit_depth, video.chroma
        row.rotation, row.pixel_aspect = video.rotation, str(video.pixel_aspect)
        row.dolby_vision_profile = video.dolby_vision_profile
    return row
