"""Whatever one field of an answer is, only an error of ours comes of it: a sync names a title and goes on."""

import contextlib
import copy
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from reencodarr.arr import registration
from reencodarr.arr.application import Application
from reencodarr.arr.instance import Kind
from reencodarr.errors import ArrIsNot, ReencodarrError
from reencodarr.units import Seconds
from tests.arr.conftest import QUICK, connected
from tests.arr.fake import Failure, Fake, Title

log = logging.getLogger(__name__)

Place = tuple[str | int, ...]
Answers = dict[str, Any]

MISSING = object()
SENSELESS = [None, MISSING, "²", 2**70, [], [None]]
"""A digit that is no number, an id that no database holds, and what cannot be a key, among others."""

FILE = 3

CALLS: dict[str, Callable[[Application, Title], object]] = {
    "status": lambda app, title: app.status(),
    "titles": lambda app, title: list(app.titles(unreadable=lambda words: None)),
    "title": lambda app, title: app.title(title.id),
    "files": lambda app, title: app.files(title.id),
    "parts": lambda app, title: app.parts(app.file(FILE)),
    "tags": lambda app, title: app.tags(),
    "rescan": lambda app, title: app.wait(app.rescan(title.id), patience=Seconds(0.05), every=Seconds(0.01)),
    "commands": lambda app, title: app.commands(),
    "renames": lambda app, title: app.renames(title.id),
    "history": lambda app, title: list(app.history(title.id)),
    "redownloads": lambda app, title: app.redownloads(),
    "recycle_bin": lambda app, title: app.recycle_bin(),
    "webhook": lambda app, title: webhook(app),
}


def webhook(app: Application) -> registration.Registration:
    return registration.judge(
        app.instance.kind,
        "http://us",
        SecretStr("sesame"),
        notifications=app.notifications(),
        schema=app.notification_schema(),
    )


@pytest.fixture
def title(fake: Fake) -> Title:
    """With a file, a name that it would give it, a history, a tag, and two webhooks of ours."""
    fake.judges = False
    fake.knobs.polls, fake.knobs.tries_webhooks = 0, False
    title = fake.library.add_title("Show", folder="/tv/Show", tags=("anime",))
    file = fake.library.add_file(title, "a.mkv")
    assert file.id == FILE
    fake.library.renames[file.id] = "b.mkv"
    with connected(fake) as app:
        app.wait(app.rescan(title.id))
        for _ in range(2):
            app.save_notification(webhook(app).payload or {})
    return title


@pytest.mark.parametrize("name", CALLS)
def test_whatever_a_field_is_only_an_error_of_ours_comes_of_it(fake: Fake, title: Title, name: str) -> None:
    with connected(fake, times=replace(QUICK, tries=1)) as app:
        answers = heard(fake, lambda: CALLS[name](app, title))
        all_changes = [(path, *one) for path, answer in answers.items() for one in changes(answer)]
        for path, place, senseless in all_changes:
            log.info("%s, where %s is %r", path, place, senseless)
            fake.knobs.mangle = lambda at, answer, to=(path, place, senseless): (
                changed(answer, to[1], to[2]) if at == to[0] else answer
            )
            with contextlib.suppress(ReencodarrError):
                CALLS[name](app, title)

    assert len(all_changes) >= len(SENSELESS) - 1


def test_an_episode_that_makes_no_sense_costs_a_file_its_year_at_most(fake: Fake, title: Title) -> None:
    if fake.kind == Kind.RADARR:
        fake.library.titles[title.id].year = 0
    fake.knobs.mangle = lambda path, answer: (
        [{**one, "airDateUtc": "²²²²-01-01", "id": None} for one in answer] if path == "/episode" else answer
    )

    with connected(fake) as app:
        [file] = app.files(title.id)

    assert (file.id, file.year) == (FILE, None)


@pytest.mark.parametrize("answer", [b"[" * 100_000, b'[{"id": ' + b"[" * 100_000, b'[{"id": ' + b"1" * 5000 + b"}]"])
def test_brackets_and_digits_without_end_are_no_answer(fake: Fake, answer: bytes) -> None:
    with connected(fake) as app:
        for ask in (lambda: list(app.titles()), app.status, app.tags):
            fake.knobs.failures = [Failure(status=200, body=answer)]
            with pytest.raises(ArrIsNot):
                ask()
        fake.knobs.failures = [Failure(status=400, body=answer)]
        with pytest.raises(ReencodarrError, match="answers 400"):
            app.status()


def test_one_that_turns_no_pages_is_not_asked_for_ever(fake: Fake, title: Title) -> None:
    records = [{"id": number, "eventType": "grabbed"} for number in range(1, 251)]
    page = {"page": 1, "pageSize": 250, "totalRecords": 10**9, "records": records}
    fake.knobs.failures = [Failure(status=200, times=99, body=json.dumps(page).encode())]

    with connected(fake) as app:
        list(app.history(title.id))

    assert fake.asked.count("GET /history") == 2


def heard(fake: Fake, call: Callable[[], object]) -> Answers:
    """What a call is answered, by path."""
    answers: Answers = {}

    def listen(path: str, answer: Any) -> Any:
        answers[path] = copy.deepcopy(answer)
        return answer

    fake.knobs.mangle = listen
    call()
    return answers


def changes(answer: Any) -> Iterator[tuple[Place, object]]:
    for place in places(answer):
        yield from ((place, one) for one in SENSELESS if place or one is not MISSING)


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Each place in an answer; of a list the first element stands for all."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, held in inner:
        yield from places(held, (*at, key))


def changed(answer: Any, place: Place, to: object) -> Any:
    """The answer with something else at a place; as it is where it has no such place."""
    if not place:
        return to
    made = copy.deepcopy(answer)
    holder = made
    try:
        for key in place[:-1]:
            holder = holder[key]
        if to is MISSING:
            del holder[place[-1]]
        else:
            holder[place[-1]] = to
    except (KeyError, IndexError, TypeError):
        return answer
    return made
