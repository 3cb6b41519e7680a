"""What no real file of ours shows, in MediaInfo's own words (its source and reports in its issues)."""

from fractions import Fraction

import pytest

from reencodarr.media import audio_tracks, codecs, colour, mediainfo_document, text_tracks, video_tracks
from reencodarr.media.facts import Hdr, RateMode, Scan
from reencodarr.media.mediainfo_document import Track

SIZE = {"Width": "1920", "Height": "1080"}


def video(**fields: str) -> Track:
    return Track(kind="Video", fields=SIZE | fields)


def audio(**fields: str) -> Track:
    return Track(kind="Audio", fields=fields)


@pytest.mark.parametrize(
    ("fields", "hdr", "profile"),
    [
        ({"HDR_Format": "Dolby Vision", "HDR_Format_Profile": "dvhe.05"}, Hdr.DOLBY_VISION, "5"),
        (
            {
                "HDR_Format": "Dolby Vision / SMPTE ST 2086",
                "HDR_Format_Profile": "dvhe.07 / ",
                "HDR_Format_Compatibility": "Blu-ray / HDR10",
                "transfer_characteristics": "PQ",
            },
            Hdr.DOLBY_VISION,
            "7",
        ),
        (
            {
                "HDR_Format": "Dolby Vision / SMPTE ST 2086",
                "HDR_Format_Profile": "dvhe.08 / ",
                "HDR_Format_Compatibility": "HDR10 / HDR10",
                "transfer_characteristics": "PQ",
            },
            Hdr.DOLBY_VISION,
            "8.1",
        ),
        (
            {
                "HDR_Format": "Dolby Vision / SMPTE ST 2094 App 4",
                "HDR_Format_Profile": "dvhe.08 / ",
                "HDR_Format_Compatibility": "HDR10 / HDR10+ Profile B",
            },
            Hdr.DOLBY_VISION,
            "8.1",
        ),
        (
            {
                "HDR_Format": "SMPTE ST 2086 / Dolby Vision",
                "HDR_Format_Profile": " / dvhe.08",
                "HDR_Format_Compatibility": "HDR10 / SDR",
            },
            Hdr.DOLBY_VISION,
            "8.2",
        ),
        (
            {"HDR_Format": "Dolby Vision", "HDR_Format_Profile": "dav1.10", "HDR_Format_Compatibility": "HDR10"},
            Hdr.DOLBY_VISION,
            "10.1",
        ),
        ({"HDR_Format": "Dolby Vision", "HDR_Format_Profile": "dvav.09"}, Hdr.DOLBY_VISION, "9"),
        ({"HDR_Format": "Dolby Vision"}, Hdr.DOLBY_VISION, "unknown"),
        (
            {
                "HDR_Format": "SMPTE ST 2094 App 4 / SMPTE ST 2086",
                "HDR_Format_Compatibility": "HDR10+ Profile B / HDR10",
                "transfer_characteristics": "PQ",
            },
            Hdr.HDR10_PLUS,
            None,
        ),
        ({"HDR_Format_Compatibility": "HDR10"}, Hdr.HDR10, None),
        ({"transfer_characteristics": "HLG / BT.2020 (10-bit)"}, Hdr.HLG, None),
        (
            {"HDR_Format": "SMPTE ST 2086", "transfer_characteristics": "HLG", "MaxCLL": "1000"},
            Hdr.HLG,
            None,
        ),
        (
            {
                "HDR_Format": "SMPTE ST 2086",
                "HDR_Format_Compatibility": "HDR10",
                "transfer_characteristics": "BT.709",
                "MasteringDisplay_ColorPrimaries": "Display P3",
            },
            Hdr.SDR,
            None,
        ),
        ({"transfer_characteristics": "SMPTE 240M"}, Hdr.SDR, None),
        ({"colour_primaries": "BT.2020", "transfer_characteristics": "BT.2020 (10-bit)"}, Hdr.SDR, None),
        ({}, Hdr.SDR, None),
    ],
)
def test_dynamic_ranges_are_told_apart(fields: dict[str, str], hdr: Hdr, profile: str | None) -> None:
    track = video(**fields)

    assert (colour.hdr(track), colour.dolby_vision_profile(track)) == (hdr, profile)


def test_the_first_transfer_with_a_name_counts() -> None:
    assert colour.colour(video(transfer_characteristics="HLG / BT.2020 (10-bit)")).transfer == "arib-std-b67"
    assert colour.colour(video(transfer_characteristics="new / PQ")).transfer == "smpte2084"
    assert colour.colour(video(transfer_characteristics="new")).transfer is None


@pytest.mark.parametrize(
    ("fields", "rate"),
    [
        ({"FrameRate": "23.976"}, Fraction(24000, 1001)),
        ({"FrameRate": "23.976 (24000/1001)"}, Fraction(24000, 1001)),
        ({"FrameRate": "23.976 FPS"}, Fraction(24000, 1001)),
        ({"FrameRate": "29.970", "FrameRate_Num": "29970", "FrameRate_Den": "1000"}, Fraction(30000, 1001)),
        ({"FrameRate": "59.940", "FrameRate_Num": "60000", "FrameRate_Den": "1001"}, Fraction(60000, 1001)),
        ({"FrameRate": "24.000"}, Fraction(24)),
        ({"FrameRate": "25"}, Fraction(25)),
        ({"FrameRate": "12.500"}, Fraction(25, 2)),
        ({"FrameRate": "23.980"}, Fraction(2398, 100)),
        ({"FrameRate": "24", "FrameRate_Num": "24", "FrameRate_Den": "0"}, Fraction(24)),
        ({"FrameRate": "0.000"}, None),
        ({"FrameRate": "-1"}, None),
        ({}, None),
    ],
)
def test_frame_rates_are_exact(fields: dict[str, str], rate: Fraction | None) -> None:
    assert video_tracks.frame_rate(video(**fields)) == rate


@pytest.mark.parametrize(
    ("stated", "shape"),
    [("1.000", 1), ("1.067", Fraction(16, 15)), ("0.889", Fraction(8, 9)), ("1.455", Fraction(16, 11))]
    + [("1.234", Fraction(1234, 1000)), ("0", 1), (None, 1)],
)
def test_pixel_shapes_are_restored_from_three_decimals(stated: str | None, shape: Fraction) -> None:
    track = video(PixelAspectRatio=stated) if stated else video()

    assert video_tracks.pixel_aspect(track) == shape


@pytest.mark.parametrize(
    ("stated", "scan"),
    [
        ("Progressive", Scan.PROGRESSIVE),
        ("Interlaced", Scan.INTERLACED),
        ("MBAFF", Scan.INTERLACED),
        ("PAFF", Scan.INTERLACED),
        ("Mixed", Scan.INTERLACED),
        ("", Scan.UNKNOWN),
    ],
)
def test_scans_are_told_apart(stated: str, scan: Scan) -> None:
    assert video_tracks.video_track(video(ScanType=stated)).scan is scan


def test_what_is_not_stated_is_unknown_or_the_usual() -> None:
    track = video_tracks.video_track(video(Format="AVC"))

    assert (track.rate_mode, track.bit_depth, track.chroma) == (RateMode.UNKNOWN, 8, "4:2:0")
    assert (track.frame_rate, track.bitrate, track.rotation, track.pixel_aspect) == (None, None, 0, 1)


def test_rgb_has_no_subsampled_chroma() -> None:
    assert video_tracks.video_track(video(ColorSpace="RGBA")).chroma == "4:4:4"


@pytest.mark.parametrize(("stated", "degrees"), [("0.000", 0), ("90.000", 90), ("180", 180), ("360", 0), ("-90", 270)])
def test_rotations_are_quarters_clockwise(stated: str, degrees: int) -> None:
    assert video_tracks.video_track(video(Rotation=stated)).rotation == degrees


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"CodecID": "V_AV1"}, "av1"),
        ({"CodecID": "av01"}, "av1"),
        ({"Format": "AV1"}, "av1"),
        ({"Format": "VC-1", "CodecID": "WMV3"}, "wmv3"),
        ({"Format": "VC-1", "CodecID": "WVC1"}, "vc1"),
        ({"Format": "MPEG Video", "Format_Version": "1"}, "mpeg1video"),
        ({"Format": "MPEG Video", "Format_Version": "2"}, "mpeg2video"),
        ({"Format": "MPEG-4 Visual", "CodecID": "XVID"}, "mpeg4"),
        ({"Format": "MPEG-4 Visual", "CodecID": "20"}, "mpeg4"),
        ({"Format": "Something New"}, "something new"),
        ({}, ""),
    ],
)
def test_video_codecs_have_ffmpegs_names(fields: dict[str, str], name: str) -> None:
    assert codecs.video(Track(kind="Video", fields=fields)) == name


@pytest.mark.parametrize(
    ("fields", "codec", "kind"),
    [
        ({"Format": "MLP FBA", "Format_AdditionalFeatures": "16-ch"}, "truehd", "lossless objects"),
        ({"Format": "MLP FBA 16-ch"}, "truehd", "lossless objects"),
        (
            {"Format": "MLP FBA", "Format_Commercial_IfAny": "Dolby TrueHD with Dolby Atmos"},
            "truehd",
            "lossless objects",
        ),
        ({"Format": "DTS", "Format_AdditionalFeatures": "XBR", "Compression_Mode": "Lossy"}, "dts", ""),
        ({"Format": "DTS", "Format_AdditionalFeatures": "ES"}, "dts", ""),
        ({"Format": "DTS XLL", "Format_AdditionalFeatures": "XLL"}, "dts", "lossless"),
        ({"Format": "PCM", "CodecID": "A_PCM/INT/LIT"}, "pcm", "lossless"),
        ({"Format": "ALAC"}, "alac", "lossless"),
        ({"Format": "MPEG Audio", "Format_Profile": "Layer 2"}, "mp2", ""),
        ({"Format": "WMA", "Format_Profile": "Lossless"}, "wmalossless", "lossless"),
        ({"Format": "WMA"}, "wmav2", ""),
        ({"Format": "AAC LC SBR"}, "aac", ""),
        ({"Format": "MPEG-H 3D Audio"}, "mpegh_3d_audio", "objects"),
        ({"Format": "Something New"}, "something new", ""),
    ],
)
def test_audio_codecs_are_told_apart(fields: dict[str, str], codec: str, kind: str) -> None:
    track = audio_tracks.audio_track(audio(**fields))

    words = ["lossless"] * track.lossless + ["objects"] * track.object_based
    assert (track.codec, " ".join(words)) == (codec, kind)


@pytest.mark.parametrize(
    ("fields", "channels"),
    [
        ({"Channels": "8", "ChannelLayout": "L R C LFE Ls Rs Lb Rb"}, 8),
        ({"ChannelLayout": "L R C LFE Ls Rs Lb Rb"}, 8),
        ({"ChannelLayout": "L R C LFE Ls Rs Objects"}, 6),
        ({"Channels": "6", "ChannelLayout": "L R C LFE Ls Rs"}, 6),
        ({"Channels": "8 / 6"}, 8),
        ({"Channels": "3", "ChannelLayout": "L R LFE"}, 3),
        ({}, 0),
    ],
)
def test_channels_are_counted(fields: dict[str, str], channels: int) -> None:
    assert audio_tracks.audio_track(audio(**fields)).channels == channels


def test_captions_inside_the_video_are_no_streams() -> None:
    def captions(muxing: str) -> Track:
        return Track(kind="Text", fields={"Format": "EIA-608", "MuxingMode": muxing})

    assert not text_tracks.is_stream(captions("A/53 / DTVCC Transport"))
    assert not text_tracks.is_stream(captions("SCTE 128 / DTVCC Transport"))
    assert text_tracks.is_stream(captions("sbtl"))


def test_one_track_may_stand_alone_instead_of_in_a_list() -> None:
    document = mediainfo_document.parse('{"media": {"track": {"@type": "General", "Format": "AVI"}}}')

    assert document.general.text("Format") == "AVI"
    assert document.tracks == ()


def test_numbers_are_read_from_words() -> None:
    track = video(a="3.9", b="1000 cd/m2", c="Unknown / 1509000", d="words", e="")

    assert [track.whole(name) for name in ("a", "b", "c", "d", "e", "f")] == [3, 1000, 1509000, None, None, None]
    assert track.number("a") == Fraction(39, 10)


def test_words_become_storable_lines() -> None:
    document = mediainfo_document.parse(
        '{"media": {"track": [{"@type": "General", "Title": "one\\ntwo\\u0000\\udc80three"}]}}'
    )

    assert document.general.text("Title") == "one two three"


def test_tracks_stand_in_the_containers_order() -> None:
    document = mediainfo_document.parse(
        '{"media": {"track": [{"@type": "Audio", "StreamOrder": "0-10", "Title": "b"},'
        ' {"@type": "Audio", "StreamOrder": "0-2", "Title": "a"}]}}'
    )

    assert [track.text("Title") for track in document.of_kind("Audio")] == ["a", "b"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"media": null}', '{"media": {"track": 1}}', "no json"])
def test_what_is_no_answer_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"lists no tracks|Expecting value"):
        mediainfo_document.parse(text)
