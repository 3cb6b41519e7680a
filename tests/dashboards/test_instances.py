"""The page of Sonarr and Radarr, and a film's link to its series, with real code and a real database."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import Session
from streamlit.testing.v1 import AppTest

from dashboards import data, launch, words
from reencodarr.library import database
from tests.dashboards.conftest import Prefect
from tests.library import arrs, specimens

Visit = Callable[..., AppTest]


@pytest.fixture
def ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    url = f"sqlite:///{tmp_path / 'reencodarr.db'}"
    database.upgrade(url)
    with Session(database.engine(url)) as session:
        ids = specimens.fill(session)
        arrs.fill(session, ids)
        arrs.report(session, ids)
        session.commit()
    monkeypatch.setenv("REENCODARR_DATABASE_URL", url)
    monkeypatch.setenv("REENCODARR_SONARR__MAIN__URL", "http://nas:8989/sonarr")
    monkeypatch.setenv("REENCODARR_SONARR__MAIN__API_KEY", "secret-key")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    data.arrs.clear()
    data.errands.clear()
    data.listed.clear()
    return ids


def visit(page: str = "instances", **parameters: str) -> AppTest:
    app = AppTest.from_file(launch.APP, default_timeout=120)
    app.run()
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.switch_page(f"views/{page}.py").run()


def text(app: AppTest) -> str:
    assert not app.exception
    kinds = (app.markdown, app.error, app.warning, app.success, app.info, app.code, app.subheader, app.caption)
    return "\n".join(str(one.value) for kind in kinds for one in kind)


def links(app: AppTest) -> dict[str, str]:
    """Labels and addresses."""
    return {one.proto.label: one.proto.url for one in app.get("link_button")}


def test_each_is_shown_with_its_sync_its_webhook_and_what_it_cannot_map(ids: dict[str, int]) -> None:
    app = visit()

    shown = text(app)
    assert [one.value for one in app.subheader] == ["Sonarr main", "Radarr movies"]
    assert [(one.value, one.delta) for one in app.metric][:4] == [
        ("4.0.19.2979", "Sonarr"),
        ("20 Nov 2025, 18:00", "3 files, 2 of them films here"),
        ("registered", "last event 20 Nov 2025, 18:00"),
        ("1 to look at", "1 to tell of a swap"),
    ]
    assert "Our webhook is not there" in shown
    assert "reencodarr arr register movies" in shown
    assert "Radarr movies does not answer" in app.error[0].value.replace("\\", "")
    assert list(app.dataframe[2].value["Folder"]) == ["/data/movies"]
    assert links(app) == {"Open Sonarr ↗": "http://nas:8989/sonarr"}
    assert "secret-key" not in shown


def test_what_it_has_to_be_told_and_which_bad_files_it_replaces_is_listed(ids: dict[str, int]) -> None:
    app = visit()

    untold, bad = app.dataframe[0].value, app.dataframe[1].value
    assert list(untold["State"]) == ["given up after 9 tries", "due 20 Nov 2025, 18:00"]
    assert list(untold["What happened last"]) == ["It does not answer.", "not tried yet"]
    assert "failures --stage sync --retry" in text(app)
    assert list(bad["State"]) == ["reported", "searching"]
    assert bad["What happened last"][1] == "search: It looks for another release."
    assert "bad confirm NUMBER" in text(app)


def test_a_press_starts_a_sync_of_that_instance(ids: dict[str, int], prefect: Prefect) -> None:
    app = visit()

    app.button(key="sync main").click().run()

    assert prefect.asked == [{"instances": ["main"]}]
    assert "brave\\-otter" in text(app)


def test_without_prefect_it_says_what_to_type(ids: dict[str, int]) -> None:
    app = visit()

    app.button(key="sync main").click().run()

    assert "reencodarr sync main" in text(app)


def test_a_server_that_does_not_know_it_is_told(ids: dict[str, int], prefect: Prefect) -> None:
    prefect.knows.clear()
    app = visit()

    app.button(key="sync main").click().run()

    assert "does not know sync/server" in text(app).replace("\\", "")


def test_none_at_all_is_told_with_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'reencodarr.db'}"
    database.upgrade(url)
    monkeypatch.setenv("REENCODARR_DATABASE_URL", url)

    assert "REENCODARR_SONARR__MAIN__URL" in text(visit())


def test_a_film_links_to_its_series(ids: dict[str, int]) -> None:
    app = visit("video", video=str(ids["replaced"]))

    label = words.plain(f"Sonarr main: {arrs.HOSTILE} ↗")
    assert links(app) == {label: "http://nas:8989/sonarr/series/the-show"}


def test_a_film_of_a_series_without_a_page_links_to_its_sonarr(ids: dict[str, int]) -> None:
    app = visit("video", video=str(ids["encoding"]))

    assert list(links(app).values()) == ["http://nas:8989/sonarr"]


def test_a_film_of_a_sonarr_that_left_the_settings_has_no_link(
    ids: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REENCODARR_SONARR__MAIN__URL")
    monkeypatch.delenv("REENCODARR_SONARR__MAIN__API_KEY")

    app = visit("video", video=str(ids["replaced"]))

    assert links(app) == {}
    assert words.plain(f"main: {arrs.HOSTILE}") in text(app)
