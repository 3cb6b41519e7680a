"""A Sonarr that is well, and a Radarr that is not, in a database with specimens."""

import json
from collections.abc import Mapping

from sqlmodel import Session

from reencodarr.library.tables import ArrFile, ArrInstance, ArrNotice, ArrWish, BadFile
from tests.library.specimens import START

HOSTILE = "Show ![x](http://evil) :red[c]"


def fill(session: Session, ids: Mapping[str, int]) -> None:
    """`main` lists two films of ours and one that we cannot see."""
    session.add(
        ArrInstance(
            name="main",
            kind="sonarr",
            version="4.0.19.2979",
            synced_at=START,
            sync_words="2 titles, 3 files: nothing new.",
            webhook="registered",
            webhook_at=START,
        )
    )
    lost = {"folder": "/data/movies", "files": 3, "words": "No mapping leads there.", "mapping": ""}
    session.add(
        ArrInstance(
            name="movies",
            kind="radarr",
            failing=True,
            sync_words="Radarr movies does not answer.",
            unmapped=json.dumps([lost]),
            webhook="missing",
        )
    )
    for number, (key, slug) in enumerate([("replaced", "the-show"), ("encoding", ""), ("", "the-show")], start=1):
        session.add(
            ArrFile(
                instance="main",
                file_id=number,
                title_id=7,
                title=HOSTILE,
                slug=slug,
                video_id=ids.get(key),
                theirs=f"/tv/{number}.mkv",
                size=1,
            )
        )
    session.add(ArrWish(instance="main", title_id=7))
    notice = {"video_id": ids["replaced"], "instance": "main", "file_id": 1, "title_id": 7}
    session.add(ArrNotice(swap_id="waiting", due_at=START, **notice))
    session.add(ArrNotice(swap_id="done", state="done", **notice))
    session.add(ArrNotice(swap_id="failed", state="failed", tries=9, words="It does not answer.", **notice))
    session.flush()


def report(session: Session, ids: Mapping[str, int]) -> None:
    """Two bad files of `main`, one of which it looks for, and one that was dismissed."""
    file = {"instance": "main", "file_id": 1, "title_id": 7, "reason": "no sound"}
    steps = [{"name": "search", "words": "It looks for another release.", "at": START.isoformat()}]
    session.add(BadFile(video_id=ids["replaced"], state="searching", steps=json.dumps(steps), **file))
    session.add(BadFile(video_id=ids["encoding"], steps="{", **file))
    session.add(BadFile(video_id=ids["encoding"], state="dismissed", **file))
    session.flush()
