"""How scores of HDR films are marked wherever they are shown: VMAF's public models were made for SDR. Pure."""

from reencodarr.media.facts import Hdr

MARK = "SDR model"
"""Beside a score."""
NOTE = "It is HDR, and the VMAF model was made for SDR: the scores are that model's, and less certain."
"""Where there is room for a sentence."""


def off_model(hdr: Hdr | str | None) -> bool:
    """Whether scores are those of a model for another dynamic range than the film's; an unknown one counts as SDR."""
    return bool(hdr) and hdr != Hdr.SDR


def marked(score: str, hdr: Hdr | str | None) -> str:
    """Words that hold a score or its name, with the mark behind them where the film needs it."""
    return f"{score} ({MARK})" if score and off_model(hdr) else score
