"""The page of failures with its real code, a real database and a server that answers as Prefect's API does."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import Session
from streamlit.testing.v1 import AppTest

from dashboards import data, launch
from reencodarr.library import database, exclusions
from reencodarr.library.failures import Which
from tests.dashboards.conftest import Prefect
from tests.library import specimens
from tests.library.specimens import Specimens

Visit = Callable[..., AppTest]
FULL = "encode/unreadable_media/no_space"


@pytest.fixture
def visit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Visit:
    url = f"sqlite:///{tmp_path / 'reencodarr.db'}"
    database.upgrade(url)
    with Session(database.engine(url)) as session:
        ids = specimens.fill(session)
        made = Specimens.__new__(Specimens)
        made.session, made.ids = session, ids
        made.failure("dovi", stage="encode", code="no_space", message="Full [x](http://evil).", advice="Make room.")
        exclusions.keep(session, ids["own"], Which(stage="proof", category="verification", code="proof"))
        session.commit()
    monkeypatch.setenv("REENCODARR_DATABASE_URL", url)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    data.report.clear()

    def page(**parameters: str) -> AppTest:
        app = AppTest.from_file(launch.APP, default_timeout=120)
        app.run()
        for name, value in parameters.items():
            app.query_params[name] = value
        return app.switch_page("views/failures.py").run()

    return page


def text(app: AppTest) -> str:
    assert not app.exception
    kinds = (app.markdown, app.error, app.info, app.success, app.code, app.caption, app.warning)
    return "\n".join(str(one.value) for kind in kinds for one in kind)


def test_causes_are_listed_and_the_most_frequent_is_shown_in_full(visit: Visit) -> None:
    app = visit()

    said = text(app)
    [table] = app.dataframe
    assert list(table.value["Cause"]) == ["damaged source", "no space"]
    assert list(table.value["Films"]) == [2, 1]
    assert {one.label: one.value for one in app.metric}["Failures that stand"] == "3"
    assert "Zulu\\.mkv is cut" in said
    assert "moov atom not found" in said
    assert "get them again, or exclude them" in said.replace("\\", "")
    assert "reencodarr failures --stage proof --category verification --code proof --include" in said


def test_a_link_names_a_cause_and_its_words_are_no_markup(visit: Visit) -> None:
    app = visit(cause=FULL)

    assert app.selectbox(key="cause").value == FULL
    assert "Full \\[x\\]\\(http\\:\\/\\/evil\\)\\." in text(app)
    app.selectbox(key="cause").set_value("analysis/unreadable_media/damaged_source").run()
    assert "Zulu" in text(app)
    assert app.query_params["cause"] in (
        "analysis/unreadable_media/damaged_source",
        ["analysis/unreadable_media/damaged_source"],
    )


def test_without_prefect_the_buttons_say_what_to_type(visit: Visit) -> None:
    app = visit(cause=FULL)

    app.button(key="retry").click().run()
    retry = text(app)
    app.button(key="exclude").click().run()

    command = "reencodarr failures --stage encode --category unreadable_media --code no_space"
    assert f"{command} --retry" in retry
    assert f"{command} --exclude" in text(app)


def test_the_buttons_start_the_deployment_with_the_cause(visit: Visit, prefect: Prefect) -> None:
    app = visit(cause=FULL)

    app.button(key="retry").click().run()
    retry = text(app)
    app.button(key="exclude").click().run()

    cause = {"stage": "encode", "category": "unreadable_media", "code": "no_space"}
    assert prefect.asked == [{**cause, "exclude": False}, {**cause, "exclude": True}]
    assert "brave\\-otter" in retry
    assert "They are excluded" in text(app)


def test_a_missing_deployment_and_a_silent_server_are_explained(
    visit: Visit, prefect: Prefect, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit(cause=FULL)
    prefect.knows.clear()

    app.button(key="retry").click().run()
    missing = text(app)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    app.button(key="retry").click().run()

    assert "reencodarr pools --deploy" in missing
    assert "does not answer" in text(app)
    assert prefect.asked == []


def test_without_failures_the_page_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    database.upgrade(url)
    monkeypatch.setenv("REENCODARR_DATABASE_URL", url)

    app = AppTest.from_file(launch.APP, default_timeout=120).run().switch_page("views/failures.py").run()

    assert "Nothing has failed." in text(app)
