"""What happens to each audio track: copied as it is, or made Opus at the policy's bitrate.

A copy is the answer wherever Opus could lose more than it saves: objects (Dolby Atmos, DTS:X), channel layouts that
Opus does not know, bitrates that are unknown or already small. Which container takes which codec is `containers`'.
"""

from reencodarr.encoding import containers
from reencodarr.encoding.plan import AudioAction, AudioPlan
from reencodarr.encoding.policy import Policy
from reencodarr.media.facts import AudioTrack, MediaFacts

LEAST_KBPS_PER_CHANNEL = 6
"""Opus' own lowest bitrate."""

_STEREO_ONLY = frozenset({"mp3", "mp2"})
"""With more than two channels they are MPEG Surround or a mistake in the header: left alone."""

_SPEAKERS = {
    frozenset(speakers.split()): layout
    for speakers, layout in [
        ("L R C", "3.0"),
        ("L R Ls Rs", "quad"),
        ("L R Lb Rb", "quad"),
        ("L R C Ls Rs", "5.0"),
        ("L R C Lb Rb", "5.0"),
        ("L R C LFE Ls Rs", "5.1"),
        ("L R C LFE Lss Rss", "5.1"),
        ("L R C LFE Lb Rb", "5.1"),
        ("L R C LFE Cb Ls Rs", "6.1"),
        ("L R C LFE Cb Lss Rss", "6.1"),
        ("L R C LFE Ls Rs Lb Rb", "7.1"),
        ("L R C LFE Ls Rs Lss Rss", "7.1"),
        ("L R C LFE Lb Rb Lss Rss", "7.1"),
    ]
}
"""MediaInfo's speakers to the layout that Opus has for them. Sides and backs change their name at most, never their
sound (ffmpeg's 5.1(side), 5.0(side) and quad(side) are refused by libopus: tried). All other layouts, such as 2.1, 4.0
or 7.1(wide), would have to be mixed."""

_USUAL = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
"""What a number of channels means where no layout is stated."""


def plan(facts: MediaFacts, policy: Policy) -> tuple[AudioPlan, ...]:
    """One plan for each audio track, in order."""
    return tuple(_track_plan(number, track, facts.container, policy) for number, track in enumerate(facts.audio))


def uncarried(facts: MediaFacts) -> tuple[str, ...]:
    """The tracks that no result can carry, neither as they are nor as Opus, named one by one."""
    return tuple(
        f"audio track {number} ({track.codec})"
        for number, track in enumerate(facts.audio, start=1)
        if not containers.matroska_carries(track, facts.container) and _unfit_for_opus(track) is not None
    )


def opus_layout(track: AudioTrack) -> str | None:
    """The Opus layout that holds this track's channels unmixed; None when there is none."""
    if track.channels <= 2 or not track.layout:
        return _USUAL.get(track.channels)
    speakers = track.layout.split()
    found = _SPEAKERS.get(frozenset(speakers))
    return found if len(speakers) == track.channels else None


def _track_plan(number: int, track: AudioTrack, source: str, policy: Policy) -> AudioPlan:
    must_change = not containers.matroska_carries(track, source)
    reason = _unfit_for_opus(track) if must_change else _copy_reason(track, policy)
    kbps = _opus_kbps(track, policy)
    if reason is None and not must_change and kbps < LEAST_KBPS_PER_CHANNEL * track.channels:
        reason = "is copied: at its bitrate there is nothing to save"
    if reason is not None:
        return AudioPlan(track=number, action=AudioAction.COPY, reason=reason)
    return AudioPlan(
        track=number,
        action=AudioAction.OPUS,
        bitrate_kbps=kbps,
        layout=_normalised(track),
        reason=f"becomes Opus at {kbps} kbit/s" + (", as no result can hold its format" if must_change else ""),
    )


def _copy_reason(track: AudioTrack, policy: Policy) -> str | None:
    """Why a track that could be copied is; None when it becomes Opus."""
    rules = policy.audio
    if track.codec == "opus":
        return "is copied: it already is Opus"
    if rules.reencode == "none" or (rules.reencode == "lossless" and not track.lossless):
        return "is copied, as the policy says"
    unfit = _unfit_for_opus(track)
    if unfit is not None or track.lossless:
        return unfit
    if not track.bitrate or track.bitrate < 0:
        return "is copied: its bitrate is unknown, so nobody could tell what Opus saves"
    if track.bitrate < rules.keep_below_kbps_per_channel * 1000 * track.channels:
        return f"is copied: {track.bitrate // 1000} kbit/s are too little to be encoded a second time"
    return None


def _unfit_for_opus(track: AudioTrack) -> str | None:
    if track.object_based:
        return f"is copied: re-encoding would lose the objects of {'DTS:X' if track.codec == 'dts' else 'Dolby Atmos'}"
    if track.codec in _STEREO_ONLY and track.channels > 2:
        return f"is copied: {track.channels} channels are unusual for {track.codec.upper()}"
    if track.channels < 1:
        return "is copied: the number of its channels is unknown"
    if opus_layout(track) is None:
        return f"is copied: Opus has no form for its channels ({track.layout or track.channels})"
    return None


def _opus_kbps(track: AudioTrack, policy: Policy) -> int:
    """Never more than the policy's table, and for a lossy track never more than it has."""
    table = policy.audio.opus_kbps[min(max(track.channels, 1), 8) - 1]
    if track.lossless or not track.bitrate or track.bitrate < 0:
        return table
    own = track.bitrate / 1000
    # libopus refuses less than 500 bit/s a channel.
    return max(track.channels, min(table, round(own * policy.audio.factor(track.codec)), int(own)))


def _normalised(track: AudioTrack) -> str | None:
    """The layout that ffmpeg has to be told; None where it is certainly one of Opus' own."""
    speakers = (track.layout or "").split()
    if track.channels <= 2:
        return None if speakers else opus_layout(track)
    plain = "Lb" in speakers and not {"Ls", "Lss"} & set(speakers)
    return None if plain or speakers == ["L", "R", "C"] else opus_layout(track)
