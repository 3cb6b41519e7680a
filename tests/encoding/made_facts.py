"""Invented facts for tests of decisions: one plain film to vary, and hypothesis' any film."""

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from reencodarr.media.facts import AudioTrack, Hdr, MediaFacts, RateMode, Scan, TextTrack, VideoTrack
from reencodarr.units import GIB, Bytes, Seconds


def video(**changes: Any) -> VideoTrack:
    """The video of an ordinary film: H.264, 1080p24, 8 Mbit/s."""
    plain: dict[str, Any] = {
        "codec": "h264", "width": 1920, "height": 1080, "frame_rate": Fraction(24), "scan": Scan.PROGRESSIVE,
        "bitrate": 8_000_000,
    }  # fmt: skip
    return VideoTrack(**(plain | changes))


def film(**changes: Any) -> MediaFacts:
    """An ordinary film in Matroska; what is a field of its video changes the video."""
    in_video = {name: changes.pop(name) for name in list(changes) if name in _VIDEO_ONLY}
    plain: dict[str, Any] = {
        "container": "matroska", "size": Bytes(6 * GIB), "duration": Seconds(6000.0), "bitrate": 8_600_000,
        "video": video(**in_video), "audio": (audio(),),
    }  # fmt: skip
    return MediaFacts(**(plain | changes))


def audio(codec: str = "ac3", channels: int = 6, layout: str | None = "L R C LFE Ls Rs", **changes: Any) -> AudioTrack:
    plain: dict[str, Any] = {"codec": codec, "channels": channels, "layout": layout, "bitrate": 640_000}
    return AudioTrack(**(plain | changes))


_VIDEO_ONLY = frozenset(VideoTrack.__dataclass_fields__) - frozenset(MediaFacts.__dataclass_fields__)


def one_of(choices: str) -> st.SearchStrategy[str]:
    return st.sampled_from(choices.split())


whole = st.integers(min_value=-1, max_value=10**9)
words = st.text(max_size=12)
audio_codecs = one_of("aac ac3 eac3 truehd mlp dts flac alac opus mp3 mp2 vorbis pcm wmav2 ac4 qdm2")
text_codecs = one_of("subrip ass hdmv_pgs_subtitle dvd_subtitle dvb_subtitle webvtt mov_text eia_608 dvb_teletext xsub")
containers = one_of("matroska webm mp4 mov mpegts mpegps avi flv")
layouts = st.none() | st.lists(one_of("L R C LFE Ls Rs Lb Rb Cb Lss Rss Lw Rw M"), max_size=9).map(" ".join)

audio_tracks = st.builds(
    AudioTrack,
    codec=audio_codecs | words,
    lossless=st.booleans(),
    object_based=st.booleans(),
    channels=st.integers(0, 20),
    layout=layouts | words,
    bitrate=st.none() | st.integers(-1, 20_000_000),
    language=st.none() | words,
)
text_tracks = st.builds(TextTrack, codec=text_codecs | words, language=st.none() | words)
video_tracks = st.builds(
    VideoTrack,
    codec=st.sampled_from(["h264", "hevc", "av1", "mpeg2video", "vp9"]) | words,
    width=st.integers(-1, 20_000) | st.sampled_from([1920, 3840, 1280, 720]),
    height=st.integers(-1, 20_000) | st.sampled_from([1080, 2160, 720, 576]),
    frame_rate=st.none() | st.fractions(min_value=0, max_value=1000, max_denominator=1001),
    rate_mode=st.sampled_from(RateMode),
    bit_depth=st.sampled_from([8, 8, 8, 10, 10, 9, 12, 0]),
    chroma=st.sampled_from(["4:2:0"] * 6 + ["4:2:2", "4:4:4", "4:0:0", ""]),
    scan=st.sampled_from(Scan),
    rotation=st.sampled_from([0, 90, 180, 270]),
    bitrate=st.none() | whole,
    hdr=st.sampled_from(Hdr),
    dolby_vision_profile=st.sampled_from([None, "5", "7", "8.1", "8.4", "10.1", ""]),
)
plain_video_tracks = st.builds(
    video,
    codec=st.sampled_from(["h264", "hevc", "mpeg2video"]),
    width=st.integers(64, 4096),
    height=st.integers(64, 2304),
    frame_rate=st.sampled_from([None, Fraction(24), Fraction(30000, 1001), Fraction(60)]),
    bit_depth=st.sampled_from([8, 10]),
    bitrate=st.none() | st.integers(4_000_000, 80_000_000),
    hdr=st.sampled_from([Hdr.SDR, Hdr.SDR, Hdr.HDR10, Hdr.HLG, Hdr.HDR10_PLUS]),
    scan=st.sampled_from([Scan.PROGRESSIVE, Scan.PROGRESSIVE, Scan.INTERLACED]),
    rotation=st.sampled_from([0, 90, 180, 270]),
)


def _any_film(
    videos: st.SearchStrategy[VideoTrack | None], files: st.SearchStrategy[str], other_videos: list[int]
) -> st.SearchStrategy[MediaFacts]:
    return st.builds(
        MediaFacts,
        container=files,
        size=st.integers(0, 200 * GIB),
        duration=st.none() | st.floats(0, 1e6),
        bitrate=st.none() | whole,
        video=videos,
        other_videos=st.sampled_from(other_videos),
        pictures=st.integers(0, 2),
        audio=st.lists(audio_tracks | st.builds(audio, channels=st.sampled_from([1, 2, 6])), max_size=4).map(tuple),
        text=st.lists(text_tracks, max_size=4).map(tuple),
        attachments=st.integers(0, 2),
        data_tracks=st.integers(0, 2),
        captions=st.sampled_from([False, False, False, True]),
        content_year=st.none() | st.integers(1880, 2030),
    )


odd_films = _any_film(st.none() | video_tracks, containers | words, [0, 0, 0, 1, 2])
films = _any_film(plain_video_tracks, one_of("matroska mp4 mp4 mpegts"), [0]) | odd_films
"""Half of them could be encoded; the other half is as odd as headers can be."""
