"""The recipes of the films; making them is left to the benchmark itself."""

import itertools
from collections.abc import Iterable

from benchmarks.crf_search import clips, films
from benchmarks.crf_search.clips import Shot


def shown(shots: Iterable[Shot]) -> list[tuple[str, int]]:
    return [(shot.clip.file, number) for shot in shots for number in range(shot.first, shot.first + shot.frames)]


def test_no_frame_is_in_two_episodes() -> None:
    episodes = [set(shown(shots)) for shots in films.season(4)]

    assert not any(a & b for a, b in itertools.combinations(episodes, 2))


def test_all_frames_are_in_some_episode_in_four_framings() -> None:
    everything = [frame for shots in films.season(4) for frame in shown(shots)]

    assert len(everything) == 4 * len(set(everything)) == 4 * sum(clip.frames for clip in clips.ALL)


def test_episodes_and_long_films_are_six_to_nine_minutes() -> None:
    for name, recipe in films.recipes().items():
        frames = sum(shot.frames for shot in recipe.shots)

        assert 6 <= frames / films.RATE / 60 <= 9, name


def test_recipes_are_the_same_every_time() -> None:
    assert films.recipes() == films.recipes.__wrapped__()


def test_every_recipe_has_a_key_of_its_own() -> None:
    keys = {recipe.key for recipe in films.recipes().values()}

    assert len(keys) == len(films.recipes())


def test_siblings_are_the_other_episodes_only() -> None:
    assert films.siblings("episode2") == ["episode1", "episode3", "episode4"]
    assert films.siblings("mixed") == []
    assert films.siblings("bbb") == []
