"""What lies under a swap's names, and what must be done about it. Pure: the one decision of recovery.

It follows from the disk and not from a memory of what was done, so that it is right after any crash and can be cut
short and repeated. Three rules order it: a file that is neither the original nor the result belongs to somebody
else and stays or gets its name back; the original goes back where in doubt; what is deleted exists under another
name, or is the result while the original is there.
"""

from dataclasses import dataclass
from enum import StrEnum

from reencodarr.swap.order import SwapState


class Thing(StrEnum):
    """What a name shows."""

    NOTHING = "nothing"
    ORIGINAL = "original"
    """By size, mtime and sparse hash: inode and device numbers may change when a disk is mounted again."""
    RESULT = "result"
    """By size and SHA-256."""
    OTHER = "other"
    """Somebody else's file, or our incomplete part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What was found."""

    original: Thing
    destination: Thing
    """The same as `original` when the film keeps its name."""
    part: Thing
    trash: Thing
    same_name: bool
    state: SwapState


class Act(StrEnum):
    """One step of putting things right; each can be repeated and none can lose a film."""

    PART_TO_DESTINATION = "part to destination"
    PART_TO_ORIGINAL = "part to original"
    PART_TO_TRASH = "part to trash"
    TRASH_TO_ORIGINAL = "trash to original"
    EXCHANGE_PART = "exchange part and original"
    EXCHANGE_TRASH = "exchange trash and original"
    DESTINATION_TO_PART = "destination to part"
    DISCARD_PART = "discard part"
    DISCARD_TRASH = "discard trash"
    DISCARD_TRASH_LINK = "discard trash, if it is a second name of the original's"
    DISCARD_PART_LINK = "discard part, if it is a second name of the destination's"


class Outcome(StrEnum):
    """How a recovery ended."""

    FINISHED = "finished"
    """The result has the film's name, the original is in the trash."""
    ROLLED_BACK = "rolled_back"
    """The film is what it was, or what somebody else made of it."""
    UNDONE = "undone"
    UNDO_DROPPED = "undo_dropped"
    """An undo did not happen; the result still has the film's name."""
    STUCK = "stuck"
    """Nothing was touched, a person must look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to do, in this order, and what it makes of the swap."""

    outcome: Outcome
    acts: tuple[Act, ...] = ()
    words: str = ""


def verdict(sight: Sight, *, may_finish: bool = True) -> Verdict:
    """What must be done. With `may_finish=False` a swap that is not visible yet is taken back."""
    if _impossible(sight):
        return _stuck("files lie where no swap puts them")
    if sight.state is SwapState.UNDOING:
        return _undo_same_name(sight) if sight.same_name else _undo_two_names(sight)
    if sight.state in (SwapState.SWAPPED, SwapState.TRASHED, SwapState.DONE):
        return _tidied(sight)
    return _same_name(sight, may_finish=may_finish) if sight.same_name else _two_names(sight, may_finish=may_finish)


def _impossible(sight: Sight) -> bool:
    """What no crash can leave: somebody moved our files about by hand, and guessing could do harm."""
    undoing = sight.state is SwapState.UNDOING
    early = not undoing and not _complete(sight)
    return (
        (sight.same_name and early and sight.original is Thing.RESULT)
        or (not sight.same_name and Thing.RESULT is sight.original)
        or (not sight.same_name and Thing.ORIGINAL in (sight.destination, sight.part))
        or (undoing and sight.part is Thing.ORIGINAL)
        or (undoing and sight.original is Thing.ORIGINAL and sight.part is Thing.OTHER)
        or (not (undoing and sight.same_name) and sight.trash is Thing.RESULT)
    )


def _tidied(sight: Sight) -> Verdict:
    """The result was visible and durable: whatever happened to it since was done by others, on purpose."""
    if sight.part is Thing.ORIGINAL and sight.trash is Thing.NOTHING:
        return _finished(Act.PART_TO_TRASH)
    if sight.part is Thing.ORIGINAL and sight.trash is not Thing.ORIGINAL:
        return _stuck("the trash holds another file under the original's name")
    if sight.part in (Thing.ORIGINAL, Thing.RESULT):
        return _finished(Act.DISCARD_PART)
    return _finished() if sight.part is Thing.NOTHING else _stuck("an unknown file has the part's name")


def _same_name(sight: Sight, *, may_finish: bool) -> Verdict:
    match sight.original:
        case Thing.ORIGINAL:
            return _rolled_back(Act.DISCARD_PART, Act.DISCARD_TRASH_LINK)
        case Thing.RESULT if sight.part is Thing.OTHER:
            return _rolled_back(
                Act.EXCHANGE_PART, Act.DISCARD_PART, words="the film had been replaced in the last moment"
            )
        case Thing.RESULT:
            return _tidied(sight)
        case Thing.NOTHING:
            return _nothing_visible(sight, may_finish=may_finish)
        case _:
            return _upgraded(sight)


def _two_names(sight: Sight, *, may_finish: bool) -> Verdict:
    if sight.original is Thing.ORIGINAL:
        hide = (Act.DESTINATION_TO_PART,) if sight.destination is Thing.RESULT else ()
        return _rolled_back(Act.DISCARD_PART, *hide, Act.DISCARD_PART, Act.DISCARD_TRASH_LINK)
    if sight.destination is Thing.RESULT:
        return _tidied(sight)
    if sight.original is Thing.NOTHING and sight.destination is Thing.NOTHING:
        return _nothing_visible(sight, may_finish=may_finish)
    if sight.original is Thing.NOTHING and sight.trash is not Thing.NOTHING:
        return _rolled_back(Act.TRASH_TO_ORIGINAL, *_own_part(sight), words="another file has the result's name")
    return _upgraded(sight)


def _nothing_visible(sight: Sight, *, may_finish: bool) -> Verdict:
    """The film has no name: in the gap of a swap with two names, or because somebody deleted it."""
    finish = sight.part is Thing.RESULT and _complete(sight) and may_finish
    if finish and sight.trash is Thing.ORIGINAL:
        return _finished(Act.PART_TO_DESTINATION)
    if sight.trash is not Thing.NOTHING:
        keep = (Act.PART_TO_TRASH,) if sight.part is not Thing.NOTHING else ()
        return _rolled_back(Act.TRASH_TO_ORIGINAL, *(_own_part(sight) or keep))
    if sight.part is Thing.ORIGINAL or (sight.part is Thing.OTHER and _complete(sight)):
        return _rolled_back(Act.PART_TO_ORIGINAL)
    if finish:
        return _finished(Act.PART_TO_DESTINATION, words="the original was deleted by somebody else meanwhile")
    return _rolled_back(Act.DISCARD_PART, words="the original was deleted by somebody else meanwhile")


def _upgraded(sight: Sight) -> Verdict:
    """Somebody put another file there: it stays, and the old original stays in the trash if it has no other name."""
    words = "the film was replaced by somebody else, which stays as it is"
    if own := _own_part(sight):
        return _rolled_back(*own, Act.DISCARD_TRASH_LINK, words=words)
    if sight.part is Thing.NOTHING:
        return _rolled_back(Act.DISCARD_TRASH_LINK, words=words)
    if sight.trash is Thing.NOTHING:
        return _rolled_back(Act.PART_TO_TRASH, words=words)
    return _stuck("the film was replaced twice while it was swapped")


def _undo_same_name(sight: Sight) -> Verdict:
    if sight.original is Thing.ORIGINAL and sight.trash is Thing.OTHER:
        return _dropped(Act.EXCHANGE_TRASH, *_own_part(sight), words="the film had been replaced in the last moment")
    if sight.original is Thing.ORIGINAL:
        return _undone(*_own_part(sight), *((Act.DISCARD_TRASH,) if sight.trash is not Thing.NOTHING else ()))
    return _undo_unfinished(sight)


def _undo_two_names(sight: Sight) -> Verdict:
    if sight.original is Thing.ORIGINAL and sight.part is not Thing.OTHER:
        hide = (Act.DESTINATION_TO_PART,) if sight.destination is Thing.RESULT else ()
        return _undone(Act.DISCARD_PART, *hide, Act.DISCARD_PART, Act.DISCARD_TRASH_LINK)
    if sight.original is Thing.OTHER and sight.destination is Thing.NOTHING and sight.part is not Thing.NOTHING:
        return _dropped(Act.PART_TO_DESTINATION, words="another file has the original's name")
    return _undo_unfinished(sight)


def _undo_unfinished(sight: Sight) -> Verdict:
    """The original is not back: go on where the film has no name, else leave things as they were."""
    if sight.destination is Thing.NOTHING and sight.part is Thing.OTHER:
        return _dropped(Act.PART_TO_DESTINATION, words="the film had been replaced in the last moment")
    if sight.destination is Thing.NOTHING and sight.original is Thing.NOTHING:
        if sight.trash is Thing.ORIGINAL:
            return _undone(Act.TRASH_TO_ORIGINAL, *_own_part(sight))
        return _dropped(*((Act.PART_TO_DESTINATION,) if sight.part is Thing.RESULT else ()))
    if sight.part is Thing.OTHER:
        return _dropped(Act.DISCARD_PART_LINK, words="the film was replaced by somebody else")
    return _dropped(*_own_part(sight))


def _own_part(sight: Sight) -> tuple[Act, ...]:
    """What lies under the part's name and is not somebody else's."""
    if sight.part is Thing.ORIGINAL:
        return (Act.DISCARD_PART,) if sight.trash is Thing.ORIGINAL else ()
    if sight.part is Thing.OTHER:  # by the exchange of names, which leaves the trash for later
        foreign = _complete(sight) and sight.same_name and sight.trash is not Thing.ORIGINAL
        return () if foreign else (Act.DISCARD_PART,)
    return (Act.DISCARD_PART,) if sight.part is Thing.RESULT else ()


def _complete(sight: Sight) -> bool:
    """Whether our part was whole already, so that another file under its name is not an unfinished copy."""
    return sight.state not in (SwapState.PREPARED, SwapState.STAGED)


def _finished(*acts: Act, words: str = "") -> Verdict:
    return Verdict(outcome=Outcome.FINISHED, acts=acts, words=words)


def _rolled_back(*acts: Act, words: str = "") -> Verdict:
    return Verdict(outcome=Outcome.ROLLED_BACK, acts=acts, words=words)


def _undone(*acts: Act) -> Verdict:
    return Verdict(outcome=Outcome.UNDONE, acts=acts)


def _dropped(*acts: Act, words: str = "") -> Verdict:
    return Verdict(outcome=Outcome.UNDO_DROPPED, acts=acts, words=words)


def _stuck(words: str) -> Verdict:
    return Verdict(outcome=Outcome.STUCK, words=words)
