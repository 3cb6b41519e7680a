"""Instances come from settings; what is wrong with them is named by its variable, and keys show nowhere."""

import os
from pathlib import Path

import pytest

from reencodarr import settings
from reencodarr.arr import application, instance
from reencodarr.arr.instance import Kind
from reencodarr.arr.mapping import Mapping
from reencodarr.errors import SettingsError

Environment = pytest.MonkeyPatch
KEY = "sesame0123"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: Environment) -> None:
    for name in list(os.environ):
        if name.startswith("REENCODARR_"):
            monkeypatch.delenv(name)


def given(monkeypatch: Environment, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"REENCODARR_{name}", value)


def test_without_variables_there_is_none() -> None:
    assert instance.configured(settings.load()) == ()


def test_several_of_each_are_built(monkeypatch: Environment) -> None:
    given(
        monkeypatch,
        SONARR__MAIN__URL="http://nas:8989/sonarr/",
        SONARR__MAIN__API_KEY=KEY,
        SONARR__MAIN__MAPPINGS="/tv=/mnt/tv; D:\\tv=/mnt/d ;",
        SONARR__MAIN__TAGS_POLICY="Anime=/etc/anime.toml",
        SONARR__uhd_tv__URL="https://uhd.example",
        SONARR__uhd_tv__API_KEY=KEY,
        RADARR__MOVIES__URL="http://nas:7878",
        RADARR__MOVIES__API_KEY=KEY,
    )

    main, movies, uhd = instance.configured(settings.load())

    assert [(one.kind, one.name) for one in (main, movies, uhd)] == [
        (Kind.SONARR, "main"),
        (Kind.RADARR, "movies"),
        (Kind.SONARR, "uhd_tv"),
    ]
    assert main.url == "http://nas:8989/sonarr"
    assert main.mappings == (
        Mapping(theirs="/tv", ours=Path("/mnt/tv")),
        Mapping(theirs="D:\\tv", ours=Path("/mnt/d")),
    )
    assert main.tag_policies == (("anime", "/etc/anime.toml"),)
    assert main.api_key.get_secret_value() == KEY


def test_mappings_with_signs_of_our_own_are_json(monkeypatch: Environment) -> None:
    given(monkeypatch, SONARR__A__URL="http://a", SONARR__A__API_KEY=KEY, SONARR__A__MAPPINGS='{"/a=b;c": "/mnt/a"}')

    (one,) = instance.configured(settings.load())

    assert one.mappings == (Mapping(theirs="/a=b;c", ours=Path("/mnt/a")),)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"SONARR__A__URL": "http://a"}, "REENCODARR_SONARR__A__API_KEY: Field required"),
        ({"SONARR__A__API_KEY": KEY}, "REENCODARR_SONARR__A__URL: Field required"),
        ({"RADARR__A__URL": "nas:7878", "RADARR__A__API_KEY": KEY}, "A__URL: Value error, write http:// or https://"),
        ({"RADARR__A__URL": "http://u:p@nas", "RADARR__A__API_KEY": KEY}, "REENCODARR_RADARR__A__URL: "),
        ({"RADARR__A__URL": "http://nas/?apikey=x", "RADARR__A__API_KEY": KEY}, "REENCODARR_RADARR__A__URL: "),
        ({"RADARR__A__URL": "http://a", "RADARR__A__API_KEY": "a\nb"}, "REENCODARR_RADARR__A__API_KEY: "),
        (
            {"RADARR__A__URL": "http://a", "RADARR__A__API_KEY": KEY, "RADARR__A__MAPPINGS": "/tv"},
            "REENCODARR_RADARR__A__MAPPINGS: ",
        ),
        (
            {"RADARR__A__URL": "http://a", "RADARR__A__API_KEY": KEY, "RADARR__A__MAPPINGS": '{"/tv": 1}'},
            "REENCODARR_RADARR__A__MAPPINGS: ",
        ),
        (
            {"RADARR__A__URL": "http://a", "RADARR__A__API_KEY": KEY, "RADARR__A__MAPPINGS": "tv=/mnt"},
            "'tv' is no absolute path",
        ),
        ({"SONARR__A__APIKEY": KEY}, "Did you mean REENCODARR_SONARR__A__API_KEY?"),
        ({"SONAR__A__URL": "http://a"}, "Did you mean REENCODARR_SONARR__A__URL?"),
        ({"SONARR__A__B__URL": "http://a"}, "There is no setting REENCODARR_SONARR__A__B__URL"),
        ({"SONARR__A-__URL": "http://a", "SONARR__A-__API_KEY": KEY}, "REENCODARR_SONARR__A-"),
        ({"SONARR": "http://a"}, 'error parsing value for field "sonarr"'),
        ({"ARR_SEARCHES_A_DAY": "-1"}, "REENCODARR_ARR_SEARCHES_A_DAY: "),
    ],
)
def test_what_is_wrong_is_named_and_never_shows_a_key(
    monkeypatch: Environment, variables: dict[str, str], words: str
) -> None:
    given(monkeypatch, **variables)

    with pytest.raises(SettingsError) as caught:
        instance.configured(settings.load())

    assert words in str(caught.value)
    assert KEY not in str(caught.value)


def test_no_two_instances_have_the_same_name(monkeypatch: Environment) -> None:
    for kind in ("SONARR", "RADARR"):
        given(monkeypatch, **{f"{kind}__MAIN__URL": "http://a", f"{kind}__MAIN__API_KEY": KEY})

    with pytest.raises(SettingsError, match="both called main"):
        instance.configured(settings.load())


def test_keys_show_nowhere(monkeypatch: Environment) -> None:
    given(monkeypatch, SONARR__A__URL="http://a", SONARR__A__API_KEY=KEY, NOTIFY__URLS=f"ntfy://{KEY}@host/topic")

    loaded = settings.load()
    found = instance.configured(loaded)

    assert KEY not in repr(loaded) + str(loaded.model_dump()) + repr(found) + str(found[0])
    assert [one.get_secret_value() for one in loaded.notify.urls] == [f"ntfy://{KEY}@host/topic"]


def test_an_instance_is_found_by_name(monkeypatch: Environment) -> None:
    given(monkeypatch, SONARR__MAIN__URL="http://a", SONARR__MAIN__API_KEY=KEY)
    found = instance.configured(settings.load())

    assert instance.find(found, "Main") is found[0]
    with pytest.raises(SettingsError, match="There are: main"):
        instance.find(found, "other")
    with pytest.raises(SettingsError, match="Set REENCODARR_SONARR"):
        instance.find((), "main")


def test_a_series_and_a_movie_have_a_page(monkeypatch: Environment) -> None:
    given(
        monkeypatch,
        SONARR__A__URL="http://a/s/",
        SONARR__A__API_KEY=KEY,
        RADARR__B__URL="http://b",
        RADARR__B__API_KEY=KEY,
    )

    sonarr, radarr = instance.configured(settings.load())

    assert sonarr.page("some-show") == "http://a/s/series/some-show"
    assert radarr.page("603") == "http://b/movie/603"
    assert radarr.page("") == "http://b"


def test_an_address_that_is_none_is_refused(monkeypatch: Environment) -> None:
    given(monkeypatch, SONARR__A__URL="http://a:port", SONARR__A__API_KEY=KEY)
    (one,) = instance.configured(settings.load())

    with pytest.raises(SettingsError, match="cannot be used"):
        application.connect(one)
