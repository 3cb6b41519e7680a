"""What an ffmpeg can really do: every capability that the main job needs is used once, on a few frames.

Encoding AV1 is the one that PyAV may have in its place.
"""

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from reencodarr.errors import ProgramError, ReencodarrError
from reencodarr.tools import abav1, checks, ffmpeg, programs, pyav, svt
from reencodarr.tools.checks import Check, State
from reencodarr.units import Seconds

_PATIENCE = Seconds(60.0)
_FRAMES = pyav.SAMPLE_FRAMES
_PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=192x108:rate=24")
_AV1 = ("-c:v", "libsvtav1", "-preset", "12", "-crf", "30", "-pix_fmt", "yuv420p10le")
_BY_NUMBER = "format=yuv420p10le,settb=1/1000,setpts=N"
_SCORE = re.compile(r"VMAF score: (\d+\.\d+)")
_DECODER = re.compile(r"Stream #0:0 -> #0:0 \(av1 \(([\w-]+)\)")


def capabilities(program: Path) -> list[Check]:
    """Every capability of an ffmpeg, one check each."""
    with tempfile.TemporaryDirectory(prefix="reencodarr-doctor-") as folder:
        sample = Path(folder) / "sample.mkv"
        encoded = av1_encode(program, sample)
        decoded = [av1_decode(program, sample)] if sample.exists() else []
        scored = [vmaf(program, model) for model in (ffmpeg.VMAF_MODEL, ffmpeg.VMAF_MODEL_4K)]
        return [encoded, *decoded, *scored, opus(program), *([loopback(program)] if own_encoder(program) else [])]


def location(override: Path | None) -> tuple[Check, Path | None]:
    """Whether there is an ffmpeg, which one, and where it came from."""
    try:
        found = ffmpeg.locate(override)
        build = ffmpeg.build(found)
    except ReencodarrError as error:
        advice = "Set FFMPEG_PATH to an ffmpeg that runs, or unset it."
        return checks.refused("ffmpeg", error, advice=advice), None
    return checks.ok("ffmpeg", f"{build.ffmpeg} from {ffmpeg.origin(found, override)} ({found})"), found


def own_encoder(program: Path) -> bool:
    """Whether it encodes AV1 itself; a program that does not even say what it is has to show it."""
    try:
        return bool(ffmpeg.build(program).svt_av1)
    except ProgramError:
        return True


def av1_encode(program: Path, sample: Path) -> Check:
    """Whether AV1 is encoded with SVT-AV1, by this ffmpeg or by PyAV in its place; writes `sample`."""
    encode: list[str | Path] = [*_PICTURE, "-frames:v", str(_FRAMES), *_AV1, "-y", sample]
    own = _tried(program, "AV1 encoder", encode, lacks="libsvtav1", found=lambda done: _svt(svt.version(done.stderr)))
    if own.state is State.OK or own_encoder(program):
        return own
    try:
        return checks.ok(own.name, f"{_svt(pyav.encode_sample(sample))} of PyAV, as this ffmpeg has none")
    except ProgramError:
        return own


def av1_decode(program: Path, sample: Path) -> Check:
    """Whether it decodes AV1, which the proof of every result needs."""

    def found(done: programs.Finished) -> str:
        decoder = _DECODER.search(done.stderr)
        whole = f"frame={_FRAMES}\n" in done.stdout
        return decoder[1] if decoder and whole else ""

    decode: list[str | Path] = ["-progress", "pipe:1", "-xerror", "-i", sample, "-map", "0:v", "-f", "null", "-"]
    return _tried(program, "AV1 decoder", decode, lacks="libdav1d", found=found)


def vmaf(program: Path, model: str) -> Check:
    """Whether it scores frames with a VMAF model, which libvmaf carries inside."""

    def found(done: programs.Finished) -> str:
        score = _SCORE.search(done.stderr)
        return f"{model} scores {float(score[1]):.1f}" if score and 0 <= float(score[1]) <= 100 else ""

    graph = f"[0:v]{_BY_NUMBER},gblur[d];[1:v]{_BY_NUMBER}[r];[d][r]libvmaf=model=version={model}:shortest=1[o]"
    score = [*_PICTURE, *_PICTURE, "-filter_complex", graph, "-map", "[o]", "-frames:v", "2", "-f", "null", "-"]
    return _tried(program, f"VMAF {'4K' if '4k' in model else 'HD'}", score, lacks="libvmaf", found=found)


def opus(program: Path) -> Check:
    """Whether it encodes Opus."""
    tone = ["-f", "lavfi", "-i", "sine=sample_rate=48000:duration=0.1", "-c:a", "libopus", "-f", "null", "-"]
    return _tried(program, "Opus encoder", tone, lacks="libopus", found=lambda _: "libopus")


def loopback(program: Path) -> Check:
    """Whether it encodes and scores in one go; without it a CRF search takes two steps."""
    graph = f"[dec:0]{_BY_NUMBER}[d];[0:v]{_BY_NUMBER}[r];[d][r]libvmaf=shortest=1[o]"
    encode = [*_PICTURE, "-map", "0:v", "-frames:v", "3", *_AV1, "-f", "null", "-"]
    score = ["-dec", "0:0", "-filter_complex", graph, "-map", "[o]", "-f", "null", "-"]
    try:
        done = _run(program, [*encode, *score])
    except ProgramError as error:
        advice = "CRF searches take two steps without it. " + ffmpeg.missing(program, ["loopback decoders (-dec)"])
        return checks.warning("loopback decoder", error.message, advice=advice)
    if not _SCORE.search(done.stderr):
        return checks.warning("loopback decoder", "gave no score", advice="CRF searches take two steps without it.")
    return checks.ok("loopback decoder", "encodes and scores in one go")


def ab_av1(override: Path | None, program: Path, *, needed: bool) -> Check:
    """Whether ab-av1, the other search engine, can be used; only a miss when it is the one that is set."""
    name = "ab-av1"
    try:
        found = abav1.locate(override)
        if found is None:
            return _absent(name, needed=needed)
        return checks.ok(name, f"{abav1.require(found, ffmpeg=program)} ({found})")
    except ReencodarrError as error:
        advice = error.advice or "Update it with `cargo install ab-av1`, or unset REENCODARR_ENGINE."
        make = checks.failed if needed else checks.warning
        return make(name, error.message, advice=advice)


def _svt(version: str) -> str:
    return "SVT-AV1 of an unknown version" if version == "unknown" else f"SVT-AV1 {version}"


def _absent(name: str, *, needed: bool) -> Check:
    if not needed:
        return checks.ok(name, "not installed (optional: the built-in search is used)")
    advice = "Run `cargo install ab-av1`, or unset REENCODARR_ENGINE."
    return checks.failed(name, "not installed, but REENCODARR_ENGINE asks for it", advice=advice)


def _tried(
    program: Path,
    name: str,
    arguments: Sequence[str | Path],
    *,
    lacks: str,
    found: Callable[[programs.Finished], str],
) -> Check:
    """A capability that is used; `found` says in words what it gave, nothing when it gave no sense."""
    try:
        words = found(_run(program, arguments))
    except ProgramError as error:
        return checks.failed(name, error.message, advice=ffmpeg.missing(program, [lacks]))
    if not words:
        return checks.failed(name, f"{lacks} gave no answer", advice=ffmpeg.missing(program, [lacks]))
    return checks.ok(name, words)


def _run(program: Path, arguments: Sequence[str | Path]) -> programs.Finished:
    command = [program, *ffmpeg.QUIET, *arguments]
    return programs.run(command, environment=svt.TALKATIVE, stall_deadline=_PATIENCE)
