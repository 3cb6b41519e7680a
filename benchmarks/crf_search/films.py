"""The films of the benchmark: real clips as they are, long films joined from them, and a season of four episodes.

Long films are made once into the work folder, with libx264 at CRF 16, so that they have bits to give; their names
carry a hash of the recipe, so that they are made again when it changes. The episodes of the season are dealt different
scenes: no frame of a clip is shown in two of them. There are 97 seconds of frames for each, so an episode shows each
of its scenes in four framings, one of them the full picture, in a shuffled order.
"""

import functools
import hashlib
import random
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.crf_search import clips
from benchmarks.crf_search.clips import Clip, Framing, Shot
from reencodarr.encoding import picture
from reencodarr.encoding import policy as policies
from reencodarr.encoding.plan import VideoPlan
from reencodarr.media import mediainfo, packets
from reencodarr.tools import ffmpeg as ffmpeg_tool

RATE = 24
LONG = 240.0
"""Seconds from which a film counts as long."""
ENCODER = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-g", "250", "-threads", "2", "-pix_fmt", "yuv420p"]
SHORT = {
    "tv_dog": clips.DOG,
    "vfr_film": clips.SCREENS,
    "karma": clips.KARMA,
    "bbb": clips.BUNNY,
    "echo": clips.ECHO,
    "sintel": clips.SINTEL,
    "vtest": clips.STREET,
    "person": clips.PERSON,
}
SEASON = "episode"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a long film is made."""

    width: int
    height: int
    shots: tuple[Shot, ...]

    @property
    def key(self) -> str:
        return hashed(repr(asdict(self)), *ENCODER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A film that is there."""

    name: str
    path: Path
    key: str
    frames: int
    duration: float
    width: int
    height: int
    source_size: int
    """Bytes of its video."""

    @property
    def is_long(self) -> bool:
        return self.duration >= LONG

    @property
    def is_episode(self) -> bool:
        return self.name.startswith(SEASON)

    @property
    def scored_whole_by_abav1(self) -> bool:
        """Its samples of 20 s would be 85 % of the film, or more."""
        return self.duration <= 20 / 0.85

    @property
    def group(self) -> str:
        return "long" if self.is_long else "whole" if self.scored_whole_by_abav1 else "sampled"


def names() -> list[str]:
    """All films, short ones first."""
    return [*SHORT, *recipes()]


def siblings(name: str) -> list[str]:
    """The other episodes of a film's season; none for a film that is no episode."""
    episodes = [other for other in names() if other.startswith(SEASON)]
    return [other for other in episodes if other != name] if name in episodes else []


def there(name: str, *, media: Path, work: Path) -> Film:
    """A film, made first where it must be."""
    if name in SHORT:
        path = media / SHORT[name].file
        return _film(name, path, key=hashed(path.name, str(path.stat().st_size)))
    recipe = recipes()[name]
    path = work / "films" / f"{name}-{recipe.key}.mkv"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _make(recipe, media, path)
    return _film(name, path, key=recipe.key)


def video_plan(film: Film, preset: int) -> VideoPlan:
    """How the default policy encodes the film, at another preset."""
    found = mediainfo.read(film.path).facts
    assert found.video is not None
    plan = picture.video_plan(found.video, duration=found.duration, year=None, policy=policies.load(None))
    return replace(plan, preset=preset)


@functools.cache
def recipes() -> dict[str, Recipe]:
    """The long films: three different ones, then the season."""
    mixed = _shuffled(clips.ALL, [clips.FULL], seed="mixed", longest=20)
    filmed = _shuffled(clips.FILMED, [clips.FULL, clips.NEAR], seed="filmed", longest=15)
    drawn = _shuffled(clips.DRAWN, [clips.FULL, clips.OTHER], seed="drawn", longest=12)
    return {
        "mixed": Recipe(width=854, height=480, shots=mixed),
        "filmed": Recipe(width=768, height=576, shots=filmed),
        "drawn": Recipe(width=1024, height=576, shots=drawn),
    } | {f"{SEASON}{number}": Recipe(width=854, height=480, shots=shots) for number, shots in enumerate(season(4), 1)}


def season(episodes: int) -> list[tuple[Shot, ...]]:
    """The shots of each episode: every clip's scenes of 3 to 10 s, dealt out so that all become equally long."""
    chance = random.Random("season")
    dealt: list[list[Shot]] = [[] for _ in range(episodes)]
    for clip in clips.ALL:
        scenes = clips.scenes(clip, chance, shortest=3 * RATE, longest=10 * RATE)
        chance.shuffle(scenes)
        for scene in scenes:
            min(dealt, key=lambda given: sum(shot.frames for shot in given)).append(scene)
    framings = (clips.FULL, clips.NEAR, clips.OTHER, clips.CLOSE)
    shown = [[replace(shot, framing=framing) for shot in given for framing in framings] for given in dealt]
    for shots in shown:
        chance.shuffle(shots)
    return [tuple(shots) for shots in shown]


def _shuffled(chosen: Sequence[Clip], framings: Sequence[Framing], *, seed: str, longest: int) -> tuple[Shot, ...]:
    chance = random.Random(seed)
    shots = [
        replace(shot, framing=framing)
        for clip in chosen
        for framing in framings
        for shot in clips.scenes(clip, chance, shortest=3 * RATE, longest=longest * RATE)
    ]
    chance.shuffle(shots)
    return tuple(shots)


def _make(recipe: Recipe, media: Path, path: Path) -> None:
    """Decode shot after shot into one encoder."""
    ffmpeg = ffmpeg_tool.locate()
    partial = path.with_suffix(".partial")
    size = f"{recipe.width}x{recipe.height}"
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size]
    encode: list[str | Path] = [
        ffmpeg,
        "-v",
        "error",
        "-y",
        *raw,
        "-r",
        str(RATE),
        "-i",
        "pipe:0",
        *ENCODER,
        "-f",
        "matroska",
        partial,
    ]
    with subprocess.Popen(encode, stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        for shot in recipe.shots:
            chain = ",".join(_filters(shot, recipe))
            decode: list[str | Path] = [
                ffmpeg,
                "-v",
                "fatal",
                "-nostdin",
                "-i",
                media / shot.clip.file,
                "-map",
                "0:v:0",
                "-vf",
                chain,
            ]
            words = ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "yuv420p", "pipe:1"]
            done = subprocess.run([*decode, *words], stdout=subprocess.PIPE, check=True)
            if len(done.stdout) != shot.frames * recipe.width * recipe.height * 3 // 2:
                raise SystemExit(f"{shot.clip.file} does not give {shot.frames} frames from {shot.first} on.")
            encoder.stdin.write(done.stdout)
    if encoder.returncode:
        raise SystemExit(f"{path.name} could not be made.")
    shutil.copy(partial, path)
    partial.unlink()


def _filters(shot: Shot, recipe: Recipe) -> list[str]:
    width, height, framing = recipe.width, recipe.height, shot.framing
    wide, high = (round(side * framing.zoom / 2) * 2 for side in (width, height))
    crop = f"crop={width}:{height}:(iw-ow)*{framing.across}:(ih-oh)*{framing.down}"
    return [
        *(["bwdif=mode=send_frame:deint=all"] if shot.clip.interlaced else []),
        f"trim=start_frame={shot.first}:end_frame={shot.first + shot.frames}",
        f"setpts=N/({RATE}*TB)",
        "scale=trunc(iw*sar/2)*2:ih,setsar=1",
        f"scale={wide}:{high}:force_original_aspect_ratio=increase:force_divisible_by=2:flags=bicubic",
        crop,
        *(["hflip"] if framing.mirrored else []),
    ]


def _film(name: str, path: Path, *, key: str) -> Film:
    index = packets.index(path)
    width, height = _size(path)
    return Film(
        name=name,
        path=path,
        key=key,
        frames=index.frames,
        duration=float(packets.duration(index)),
        width=width,
        height=height,
        source_size=sum(index.sizes),
    )


def _size(path: Path) -> tuple[int, int]:
    found = mediainfo.read(path).facts.video
    assert found is not None
    return found.width, found.height


def hashed(*words: str) -> str:
    """A short name for what the words say."""
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:12]
