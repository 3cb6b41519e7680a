"""A small library of generated films, one of each kind that a real library holds, made in seconds.

The pictures are landscapes of Perlin noise under a moving camera: their detail falls off with its size as that of
photographs does, so that VMAF and CRF behave as on real films (VMAF 95 falls between CRF 32 and 45 at preset 6,
measured). What is done with the films is not known here.
"""

import errno
import logging
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reencodarr.errors import NoSpace, SettingsError
from reencodarr.progress import Progress, Report, silent
from reencodarr.tools import ffmpeg as ffmpeg_tool
from reencodarr.tools import programs

log = logging.getLogger(__name__)

MARKER = ".reencodarr-demo"
"""Lies in a folder that an earlier call made; only such a folder, or an empty one, is written to."""
SECONDS = 5

_AGE = 3600
"""Seconds that the films' times lie back: a scan leaves younger files alone, they may still be written."""
_BROKEN_SHARE = 0.6
_ABOUT = "Made by `reencodarr demo`. Attachments survive a re-encode, like everything else that is not the picture.\n"
_CHAPTERS = """;FFMETADATA1
title=Northern Lights
[CHAPTER]
TIMEBASE=1/1000
START=0
END=2000
title=Departure
[CHAPTER]
TIMEBASE=1/1000
START=2000
END=5000
title=The lights
"""
_SPEECH = {
    "en.srt": "1\n00:00:00,500 --> 00:00:02,000\nLook up.\n\n2\n00:00:02,500 --> 00:00:04,500\nThere they are!\n",
    "de.srt": "1\n00:00:00,500 --> 00:00:02,000\nSchau hinauf.\n\n2\n00:00:02,500 --> 00:00:04,500\nDa sind sie!\n",
}
_MIST = (
    "perlin=s=80x45:octaves=2:persistence=0.5:xscale=2:yscale=2:tscale=0.5:random_mode=seed:seed=9:r=24,format=gray,"
    "eq=contrast=2,scale=640:360:flags=bicubic,format=gbrp,colorchannelmixer=rr=0.05:gg=0.3:bb=0.15"
)
_STEREO = f"aevalsrc='0.2*sin(440*PI*t)*exp(-3*mod(t,0.5))|0.2*sin(660*PI*t)*exp(-3*mod(t,0.7))':s=48000:d={SECONDS}"
_SURROUND = (
    "aevalsrc='0.2*sin(300*PI*t)|0.2*sin(400*PI*t)|0.3*sin(500*PI*t)*exp(-3*mod(t,0.6))|0.3*sin(80*PI*t)"
    f"|0.1*sin(700*PI*t)|0.1*sin(900*PI*t)':c=5.1:s=48000:d={SECONDS}"
)
_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "6", "-pix_fmt", "yuv420p")
_HDR10 = (
    "log-level=error:hdr10=1:repeat-headers=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:"
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Film:
    """One film of the demo: what it shows and how it is packed."""

    name: str
    suffix: str
    picture: str
    """A filter graph without inputs."""
    sound: str
    """A filter graph without inputs."""
    more: tuple[str, ...] = ()
    """Further inputs, as files of the folder in which it is made."""
    packing: tuple[str, ...]
    """Output options."""
    broken: bool = False


def _land(seed: int, *, zoom: int, octaves: int, camera: str) -> str:
    """A landscape in grey, 640x360 at 24 fps, seen by a camera at `x:y` (expressions of the time `t`)."""
    x, _, y = camera.partition(":")
    return (
        f"perlin=s=1280x720:octaves={octaves}:persistence=0.6:xscale={zoom}:yscale={zoom}:random_mode=seed:seed={seed}"
        ":r=24,trim=end_frame=1,format=gray,eq=contrast=2.6,loop=loop=-1:size=1,setpts=N/24/TB,"
        f"crop=640:360:x='{x}':y='{y}',format=gbrp"
    )


def _colours(red: str, green: str, blue: str) -> str:
    """What each height looks like: curves from grey, as `height/amount` pairs."""
    return f"curves=interp=pchip:r='{red}':g='{green}':b='{blue}'"


_FILMS = (
    _Film(
        name="Northern Lights (2019)",
        suffix=".mkv",
        picture=f"{_land(3, zoom=6, octaves=8, camera='320+300*sin(t/4):180+160*cos(t/3)')},"
        + _colours("0/0 0.4/0.1 0.45/0.3 0.7/0.5 1/1", "0/0.05 0.4/0.2 0.45/0.45 1/1", "0/0.2 0.4/0.4 0.45/0.2 1/1")
        + f"[land];{_MIST}[mist];[land][mist]blend=all_mode=addition",
        sound=_STEREO,
        more=("en.srt", "de.srt", "chapters.txt"),
        packing=(*_H264, "-map", "2:s", "-map", "3:s", "-c:s", "srt", "-map_metadata", "4", "-map_chapters", "4")
        + ("-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=deu", "-metadata:s:a:0", "language=eng")
        + ("-c:a", "aac", "-b:a", "192k", "-attach", "about.txt", "-metadata:s:t", "mimetype=text/plain"),
    ),
    _Film(
        name="Desert Road (2007)",
        suffix=".mp4",
        picture=f"{_land(7, zoom=7, octaves=8, camera='60*t+200*gt(t,2.5):180+100*sin(t)-150*gt(t,2.5)')},"
        + _colours("0/0.1 0.3/0.3 0.5/0.75 1/1", "0/0.05 0.3/0.15 0.5/0.5 1/0.95", "0/0.1 0.3/0.1 0.5/0.25 1/0.8"),
        sound=_SURROUND,
        more=("en.srt",),
        packing=(*_H264, "-map", "2:s", "-c:s", "mov_text", "-c:a", "ac3", "-b:a", "448k")
        + ("-metadata:s:a:0", "language=eng", "-metadata:s:s:0", "language=eng", "-movflags", "+faststart"),
    ),
    _Film(
        name="High Summer (2023)",
        suffix=".mkv",
        picture=f"{_land(31, zoom=8, octaves=8, camera='300+40*t:180+60*sin(t*2)')},"
        + _colours("0/0 0.45/0.1 0.55/0.35 1/0.7", "0/0.1 0.45/0.2 0.55/0.45 1/0.75", "0/0.05 0.5/0.15 1/0.5"),
        sound=_SURROUND,
        packing=("-c:v", "libx265", "-preset", "ultrafast", "-crf", "3", "-pix_fmt", "yuv420p10le")
        + ("-x265-params", _HDR10, "-c:a", "eac3", "-b:a", "384k", "-metadata", "title=High Summer"),
    ),
    _Film(
        name="Holiday on Ice (2015)",
        suffix=".mkv",
        # A phone in the evening: half the frames are missing from the middle on.
        picture=f"{_land(21, zoom=6, octaves=7, camera='300+70*t:180+90*sin(t*2)')},"
        + _colours("0/0.1 0.4/0.35 0.6/0.6 1/0.9", "0/0.2 0.4/0.45 0.6/0.7 1/0.95", "0/0.3 0.4/0.6 0.6/0.8 1/1")
        + ",select='lt(n,60)+not(mod(n,2))'",
        sound=_STEREO,
        packing=(*_H264, "-fps_mode", "vfr", "-c:a", "aac", "-b:a", "128k"),
    ),
    _Film(
        name="Quiet Planet (2024)",
        suffix=".mkv",
        picture=f"{_land(5, zoom=5, octaves=7, camera='100+60*t:100+20*t')},"
        + _colours("0/0.1 0.5/0.2 1/0.9", "0/0 0.5/0.1 1/0.7", "0/0.2 0.5/0.4 1/1"),
        sound=_STEREO,
        packing=("-c:v", "libsvtav1", "-preset", "12", "-crf", "30", "-pix_fmt", "yuv420p10le", "-c:a", "libopus"),
    ),
    _Film(
        name="Lost Reel (1998)",
        suffix=".mp4",
        picture=_land(2, zoom=6, octaves=7, camera="200+30*t:200"),
        sound=_STEREO,
        packing=(*_H264, "-c:a", "aac"),
        broken=True,
    ),
)

BROKEN = frozenset(f"{film.name}{film.suffix}" for film in _FILMS if film.broken)
"""The films that are meant to fail."""


def make(folder: Path, ffmpeg: Path, *, report: Report = silent) -> tuple[Path, ...]:
    """Make the films that `folder` does not hold yet; all of them, in order. May be repeated safely.

    Raises SettingsError when the folder is somebody else's or cannot be written, NoSpace, ProgramError.
    """
    try:
        _claim(folder)
        return tuple(_present(film, folder) or _made(film, folder, ffmpeg, report) for film in _FILMS)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise NoSpace(f"The disk of {folder} is full.", path=folder, advice="The demo needs 30 MB.") from error
        raise SettingsError(f"{folder} cannot be written: {error.strerror}.", path=folder) from error


def _claim(folder: Path) -> None:
    marker = folder / MARKER
    if folder.exists() and not marker.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError(
            f"{folder} is not empty, and no earlier demo made it.",
            path=folder,
            advice="Name a folder that is not there yet.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    marker.touch()


def _present(film: _Film, folder: Path) -> Path | None:
    """The film as it is there, perhaps re-encoded and under another extension."""
    home = folder / film.name
    found = [path for path in home.iterdir() if path.stem == film.name] if home.is_dir() else []
    return min(found, default=None)


def _made(film: _Film, folder: Path, ffmpeg: Path, report: Report) -> Path:
    home = folder / film.name
    home.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=home) as name:
        made = Path(name) / f"film{film.suffix}"
        for text, content in {**_SPEECH, "chapters.txt": _CHAPTERS, "about.txt": _ABOUT}.items():
            (made.parent / text).write_text(content, encoding="utf-8")
        done = programs.run(
            [ffmpeg, *ffmpeg_tool.QUIET, "-v", "error", "-progress", "pipe:1", *_arguments(film), made.name],
            cwd=made.parent,
            on_line=_progress(film, report),
            about=home,
        )
        if film.broken:
            with made.open("r+b") as file:
                file.truncate(int(made.stat().st_size * _BROKEN_SHARE))
        an_hour_ago = time.time() - _AGE
        os.utime(made, (an_hour_ago, an_hour_ago))
        finished = made.replace(home / f"{film.name}{film.suffix}")
    log.info("made %s in %.1f s", finished.name, done.wall)
    return finished


def _arguments(film: _Film) -> list[str]:
    inputs = [part for source in (film.picture, film.sound) for part in ("-f", "lavfi", "-i", source)]
    inputs += [part for source in film.more for part in ("-i", source)]
    return ["-y", *inputs, "-map", "0:v", "-map", "1:a", "-t", str(SECONDS), *film.packing]


def _progress(film: _Film, report: Report) -> Callable[[str], None]:
    def heard(line: str) -> None:
        key, _, value = line.partition("=")
        if key == "out_time_us" and value.lstrip("-").isdigit():
            fraction = min(1.0, max(0.0, int(value) / 1_000_000 / SECONDS))
            report(Progress(stage="making", label=film.name, fraction=fraction))

    return heard
