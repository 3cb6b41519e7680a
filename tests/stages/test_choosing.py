"""Tags choose policies, and years stand in: for films that are analysed, and for those that were decided before."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import col, select

from reencodarr.encoding import documents
from reencodarr.encoding.plan import EncodePlan
from reencodarr.library import database
from reencodarr.library.states import State
from reencodarr.library.tables import ArrFile, PlanRow, Video, now
from reencodarr.settings import ArrSettings
from reencodarr.stages import analysis, queue, redeciding
from tests.arr.fake import serving
from tests.stages.arrs import both_sides
from tests.stages.arrs.both_sides import Site
from tests.stages.conftest import Place

LEAVES_SHORT = "[source]\nshortest_seconds = 60\n"
GRAIN = "[video]\nfilm_grain = 8\nfilm_grain_before = 1990\n"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """The policy that the tag `anime` chooses."""
    file = tmp_path / "anime.toml"
    file.write_text(LEAVES_SHORT)
    return file


@pytest.fixture
def site(place: Place, policy: Path) -> Iterator[Site]:
    place.scan()
    with serving(both_sides.seeing(place)) as fake:
        yield both_sides.made(fake, place, tags_policy=(("Anime", str(policy)),))


def shelve(site: Site, film: Path, title: str, *, tags: tuple[str, ...] = (), year: int = 2008) -> Path:
    """A real film in a series of its own."""
    made = site.fake.library.add_title(title, folder=f"/tv/{title}", tags=tags, year=year)
    path = site.place.add(film, f"{title}/{title}.mkv")
    site.fake.library.add_file(made, f"{title}.mkv", size=path.stat().st_size)
    return path


def analyse(site: Site) -> None:
    waiting = queue.waiting(site.workplace, [str(site.films)], analysis_only=True)
    list(analysis.analyse(site.workplace, waiting))


def plan_of(site: Site, film: Path) -> EncodePlan:
    with database.session(site.workplace.database, reads_only=True) as session:
        query = select(PlanRow).join(Video, col(Video.id) == col(PlanRow.video_id)).where(Video.path == film)
        found = documents.decision_from_json(session.exec(query).one().document)
    assert isinstance(found, EncodePlan)
    return found


def test_a_tag_chooses_the_policy_of_its_films(site: Site, small_film: Path) -> None:
    tagged, other = shelve(site, small_film, "Akira", tags=("anime", "4k")), shelve(site, small_film, "Heat")

    site.sync()
    analyse(site)

    assert site.place.states()[tagged.name] == ("skipped", "too_short")
    assert site.place.state(other) is State.ANALYZED


def test_a_tag_that_comes_later_decides_again_and_one_that_goes_too(site: Site, small_film: Path) -> None:
    film = shelve(site, small_film, "Akira")
    site.sync()
    analyse(site)
    title = next(iter(site.fake.library.titles.values()))
    untagged = site.place.state(film)

    site.fake.library.tags[77] = "anime"
    title.tags = [77]
    site.sync()
    tagged = site.place.states()[film.name]
    title.tags = []
    site.look(title.id)

    assert untagged is State.ANALYZED
    assert tagged == ("skipped", "too_short")
    assert site.place.state(film) is State.ANALYZED


def test_a_run_leaves_what_a_tag_decided(site: Site, small_film: Path, policy: Path) -> None:
    film = shelve(site, small_film, "Akira", tags=("anime",))
    site.sync()
    analyse(site)

    unchanged = redeciding.redecide(site.workplace, [str(site.films)])
    policy.write_text("")
    changed = redeciding.redecide(site.workplace, [str(site.films)])

    assert (unchanged, changed) == (0, 1)
    assert site.place.state(film) is State.ANALYZED


@pytest.mark.parametrize("broken", ["missing", "wrong"])
def test_a_policy_that_cannot_be_used_fails_its_films_by_name_and_no_others(
    site: Site, small_film: Path, policy: Path, broken: str
) -> None:
    tagged, other = shelve(site, small_film, "Akira", tags=("anime",)), shelve(site, small_film, "Heat")
    site.sync()
    if broken == "missing":
        policy.unlink()
    else:
        policy.write_text("[source]\nshortest_secondz = 60\n")

    analyse(site)
    failed = site.place.states()
    policy.write_text("")
    queue.retry(site.workplace, [str(site.films)])
    analyse(site)

    assert failed == {tagged.name: ("failed", "policy"), other.name: ("analyzed", "")}
    assert site.place.state(tagged) is State.ANALYZED


def test_a_broken_policy_is_told_with_its_tag_and_file(site: Site, small_film: Path, policy: Path) -> None:
    film = shelve(site, small_film, "Akira", tags=("anime",))
    site.sync()
    policy.unlink()

    waiting = queue.waiting(site.workplace, [str(site.films)], analysis_only=True)
    [outcome] = analysis.analyse(site.workplace, waiting)

    assert site.place.state(film) is State.FAILED
    assert site.place.failures() == [("analysis", "policy")]
    assert "The policy that the tag anime chooses" in outcome.words
    assert str(policy) in outcome.words


def test_the_year_of_the_episode_adds_grain_where_no_name_says_one(
    site: Site, small_film: Path, tmp_path: Path
) -> None:
    grainy = Site(fake=site.fake, place=site.place.with_policy(GRAIN, tmp_path))
    old, new = shelve(grainy, small_film, "Old", year=1984), shelve(grainy, small_film, "New", year=2019)

    grainy.sync()
    analyse(grainy)

    assert "film-grain" in dict(plan_of(grainy, old).video.svt_parameters)
    assert "film-grain" not in dict(plan_of(grainy, new).video.svt_parameters)


def test_a_year_that_comes_after_the_decision_counts_as_well(site: Site, small_film: Path, tmp_path: Path) -> None:
    grainy = Site(fake=site.fake, place=site.place.with_policy(GRAIN, tmp_path))
    old, new = shelve(grainy, small_film, "Old", year=1984), shelve(grainy, small_film, "New", year=2019)
    grainy.place.analyse()
    before = plan_of(grainy, old)

    grainy.sync()

    assert "film-grain" not in dict(before.video.svt_parameters)
    assert "film-grain" in dict(plan_of(grainy, old).video.svt_parameters)
    assert "film-grain" not in dict(plan_of(grainy, new).video.svt_parameters)


def test_of_two_instances_the_first_by_name_that_knows_a_tag_decides(
    site: Site, small_film: Path, tmp_path: Path
) -> None:
    film = shelve(site, small_film, "Akira", tags=("anime",))
    site.sync()
    late = tmp_path / "late.toml"
    late.write_text("")
    second = ArrSettings.model_validate({"url": "http://nas", "api_key": "k", "tags_policy": (("anime", str(late)),)})
    both = Site(fake=site.fake, place=site.place.with_settings(radarr={"zz": second}))
    number, _ = site.video(film)
    with database.session(site.workplace.database) as session:
        session.add(
            ArrFile(
                instance="zz",
                file_id=1,
                title_id=1,
                video_id=number,
                theirs="/x",
                size=1,
                tags='["anime"]',
                seen_at=now(),
            )
        )

    analyse(both)

    assert site.place.states()[film.name] == ("skipped", "too_short")
