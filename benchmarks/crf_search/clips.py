"""The real clips that the films are made of: what is in each, and in what parts it may be shown. Pure.

Frames are counted and not timed: a made film shows every frame of a clip once, at 24 a second, so that a clip of 10 or
25 frames a second gives neither repeated nor missing pictures.
"""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A real clip of the corpus."""

    file: str
    frames: int
    """As they decode."""
    interlaced: bool = False


SINTEL = Clip(file="h264_720p24_sintel_trailer.mp4", frames=1253)
TRAILER = Clip(file="h264_720p24_bbb_trailer_mp3.mp4", frames=1323)
BUNNY = Clip(file="h264_480p24_bbb_aac51.mp4", frames=720)
STREET = Clip(file="msmpeg4_576p10_vtest.avi", frames=795)
KARMA = Clip(file="h264_480p30_gopro_karma_gpmd.mp4", frames=362)
ECHO = Clip(file="vp8_270p_echo_hereweare.webm", frames=836)
PERSON = Clip(file="h264_432p10_person_cc-by.mp4", frames=1394)
DOG = Clip(file="h264_720p30_tv_dog.mp4", frames=149)
COCKATOO = Clip(file="h264_444_720p20_cockatoo.mp4", frames=280)
CITY = Clip(file="mpeg1_720x405_city_cc0.mpg", frames=190)
SCREENS = Clip(file="h264_1280x544_vfr_film.mp4", frames=160)
VAN = Clip(file="h264_352x288_par_vfr_van.mp4", frames=712)
TRAFFIC = Clip(file="made_mpeg2_480i_tff.ts", frames=360, interlaced=True)
WORKSHOP = Clip(file="mpeg2_288i_workshop.mpg", frames=353, interlaced=True)
HALL = Clip(file="h264_480p_4by3_aac51.mp4", frames=145)
PHONE = Clip(file="h264_1080x2280_vfr_screen.mp4", frames=190)
ELEPHANTS = Clip(file="h264_576p24_elephants_truncated.mkv", frames=72)

FILMED = (STREET, KARMA, ECHO, PERSON, DOG, COCKATOO, CITY, VAN, TRAFFIC, WORKSHOP)
DRAWN = (SINTEL, TRAILER, BUNNY, ECHO, SCREENS, HALL, PHONE, ELEPHANTS)
ALL = (*FILMED, SINTEL, TRAILER, BUNNY, SCREENS, HALL, PHONE, ELEPHANTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """Which part of the picture is shown."""

    zoom: float = 1.0
    """1 fills the film's picture; more shows a part of it, enlarged."""
    across: float = 0.5
    """Where that part lies, from 0 (left) to 1 (right)."""
    down: float = 0.5
    mirrored: bool = False


FULL = Framing()
NEAR = Framing(zoom=1.5, across=0.2, down=0.3, mirrored=True)
OTHER = Framing(zoom=1.4, across=0.9, down=0.7)
CLOSE = Framing(zoom=1.9, across=0.5, down=0.45, mirrored=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """Consecutive frames of a clip as a film shows them."""

    clip: Clip
    first: int
    frames: int
    framing: Framing = FULL


def scenes(clip: Clip, chance: random.Random, *, shortest: int, longest: int) -> list[Shot]:
    """A clip cut into scenes of random length; a rest that would be too short stays with the scene before."""
    found, first = [], 0
    while first < clip.frames:
        frames = chance.randint(shortest, longest)
        if clip.frames - first - frames < shortest:
            frames = clip.frames - first
        found.append(Shot(clip=clip, first=first, frames=frames))
        first += frames
    return found
