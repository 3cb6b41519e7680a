"""Both pages with their real code and a real database, without a browser."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from sqlmodel import Session
from streamlit.testing.v1 import AppTest

from dashboards import launch, words
from reencodarr.library import database
from reencodarr.library.reading import Sort
from reencodarr.library.states import State
from reencodarr.quality import dynamic_range
from tests.dashboards.conftest import Shown
from tests.library import specimens
from tests.library.specimens import Specimens

Visit = Callable[..., AppTest]


def _visit(url: str, **parameters: str | list[str]) -> AppTest:
    app = AppTest.from_file(launch.APP, default_timeout=60)
    page = parameters.pop("page_file", None)
    app.run()
    for name, value in parameters.items():
        app.query_params[name] = value
    return (app.switch_page(str(page)) if page else app).run()


@pytest.fixture
def visit(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> Visit:
    monkeypatch.setenv("REENCODARR_DATABASE_URL", shown.url)
    return lambda **parameters: _visit(shown.url, **parameters)


@pytest.fixture
def video(visit: Visit, shown: Shown) -> Callable[[str], AppTest]:
    return lambda key: visit(page_file="views/video.py", video=str(shown.ids[key]))


def _films(app: AppTest) -> list[str]:
    assert not app.exception
    return list(app.dataframe[0].value["Film"])


def _text(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.error, app.info, app.title, app.header, app.code)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def test_the_list_shows_counts_savings_and_videos(visit: Visit) -> None:
    app = visit()

    figures = {figure.label: figure.value for figure in app.metric}
    assert figures["Videos"] == "14"
    assert figures["Freed"] == "3.0 GiB"
    assert figures["Saved, still in trash"] == "2.5 GiB"
    assert len(_films(app)) == 14
    assert "Replaced  2" in app.button_group(key="states").options


def test_a_line_has_codec_sizes_crf_and_both_scores(visit: Visit) -> None:
    line = visit(q="blue hill").dataframe[0].value.iloc[0]

    assert (line["State"], line["Codec"], line["CRF"]) == ("Replaced", "h264", 33.5)
    assert (line["Predicted"], line["Achieved"]) == (95.1, 95.3)
    assert line["Saved"] == line["Size"] - line["After"] == 2560 * 2**20


def test_searching_narrows_the_list_and_goes_into_the_url(visit: Visit) -> None:
    app = visit(page="1")

    app.text_input(key="q").set_value("über").run()

    assert _films(app) == ["Über dem Meer.mp4"]
    assert app.query_params["q"] in ("über", ["über"])
    assert "page" not in app.query_params


def test_filters_by_state_and_reason_meet(visit: Visit) -> None:
    app = visit()

    app.button_group(key="states").set_value([State.SKIPPED, State.FAILED]).run()
    skipped_and_failed = _films(app)
    app.selectbox(key="reason").set_value("dolby_vision").run()

    assert len(skipped_and_failed) == 4
    assert _films(app) == ["Winter Light (2022).mkv"]
    assert app.query_params["state"] == ["skipped", "failed"]
    assert app.query_params["reason"] in ("dolby_vision", ["dolby_vision"])


def test_a_link_restores_filter_search_and_order(visit: Visit) -> None:
    app = visit(q="mkv", state=["replaced", "nonsense"], sort="saved", page="77")

    assert _films(app) == ["Cold Coast (2012).mkv", "Blue Hill.mkv"]
    assert app.text_input(key="q").value == "mkv"
    assert app.selectbox(key="sort").value is Sort.SAVED


def test_nothing_found_says_what_to_do(visit: Visit) -> None:
    app = visit(q="no such film")

    assert not app.dataframe
    assert "No video fits" in app.info[0].value


def test_a_long_list_is_turned_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'long.db'}"
    database.upgrade(url)
    with Session(database.engine(url)) as session:
        made = Specimens(session)
        for number in range(120):
            made.video(f"v{number}", f"Film {number:03}.mkv", State.NEEDS_ANALYSIS)
        session.commit()
    monkeypatch.setenv("REENCODARR_DATABASE_URL", url)
    app = _visit(url)

    app.pagination(key="page").set_value(3).run()

    assert _films(app) == [f"Film {number:03}.mkv" for number in range(100, 120)]
    assert app.query_params["page"] in ("3", ["3"])
    assert any("101 to 120 of 120" in caption.value for caption in app.caption)


def test_a_replaced_film_shows_its_curve_figures_streams_and_history(video: Callable[[str], AppTest]) -> None:
    app = video("replaced")

    assert not app.exception
    figures = {figure.label: figure.value for figure in app.metric}
    assert figures["VMAF predicted"] == "95.1 ± 0.4"
    assert figures["VMAF achieved"] == "95.3"
    assert "saved 2.5 GiB (62 %)" in _text(app)
    (chart,) = app.get("vega_lite_chart")
    (points,) = [frame for frame in _datasets(chart) if "seconds" in frame]
    assert list(points["crf"]) == [probe[0] for probe in specimens.PROBES]
    cells = [cell for table in app.table for cell in table.value.to_numpy().ravel()]
    assert words.plain("video av1, 1920x1080") in cells
    assert "Replaced" in cells
    assert "in the trash until" in _text(app)


@pytest.fixture
def special(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Films with something to explain."""
    url = f"sqlite:///{tmp_path / 'special.db'}"
    database.upgrade(url)
    with Session(database.engine(url)) as session:
        made = Specimens(session)
        made.video("hdr", "Night Sky.mkv", State.ENCODED)
        made.facts("hdr", hdr="hdr10")
        made.search("hdr", bias=0.25)
        made.encode("hdr", size=2**30, note="Encoded twice: CRF 35 achieved VMAF 94.2, 95 was the aim.")
        made.video("sure", "Episode 7.mkv", State.CRF_SEARCHED)
        made.facts("sure")
        made.search("sure", probes=(), reason="Not probed: 6 films alike show it within 0.20 VMAF.")
        session.commit()
    monkeypatch.setenv("REENCODARR_DATABASE_URL", url)
    return Shown(url=url, ids=made.ids)


def test_scores_of_hdr_are_marked_in_the_list(special: Shown) -> None:
    frame = _visit(special.url).dataframe[0]

    styled = frame.proto.arrow_data.styler.display_values
    shown = pa.ipc.open_stream(styled).read_pandas()
    assert {"95.3 (SDR model)", "95.1 (SDR model)", "95.1"} <= {str(cell) for cell in shown.to_numpy().ravel()}


def test_scores_of_hdr_are_marked_and_a_second_encode_is_explained_on_the_page(special: Shown) -> None:
    app = _visit(special.url, page_file="views/video.py", video=str(special.ids["hdr"]))

    assert not app.exception
    figures = {figure.label: figure.value for figure in app.metric}
    assert figures["VMAF predicted (SDR model)"] == "95.1 ± 0.4"
    assert figures["VMAF achieved (SDR model)"] == "95.3"
    said = _text(app).replace("\\", "")
    assert dynamic_range.NOTE in said
    assert "The ring is moved by +0.25" in said
    assert "came out +0.20 VMAF against its prediction" in said
    assert "Encoded twice: CRF 35 achieved" in said


def test_a_search_without_probes_says_so_instead_of_a_curve(special: Shown) -> None:
    app = _visit(special.url, page_file="views/video.py", video=str(special.ids["sure"]))

    assert not app.exception
    assert not app.get("vega_lite_chart")
    assert "6 films alike show it within" in app.info[0].value
    assert "SDR model" not in _text(app)


def test_a_failed_film_shows_what_happened_and_what_to_do(video: Callable[[str], AppTest]) -> None:
    app = video("failed")

    assert "Zero Hour\\.mkv ends in the middle of a frame" in app.error[0].value
    assert "What to do:** Get the file again" in app.info[0].value
    assert any("moov atom not found" in code.value for code in app.code)
    assert not app.get("vega_lite_chart")


def test_a_skipped_film_shows_why(video: Callable[[str], AppTest]) -> None:
    assert video("dovi").info[0].value == "Dolby Vision would be lost\\."


@pytest.mark.parametrize("key", ["new", "analyzing", "searching", "encoding", "encoded", "undone", "gone"])
def test_films_of_which_little_is_known_have_a_page(video: Callable[[str], AppTest], key: str) -> None:
    app = video(key)

    assert not app.exception
    assert app.title


def test_names_are_shown_and_not_obeyed(video: Callable[[str], AppTest]) -> None:
    assert video("encoding").title[0].value.replace("\\", "") == specimens.HOSTILE
    assert "\ufffd" in video("analyzing").title[0].value


@pytest.mark.parametrize(("number", "said"), [("", "Choose a video"), ("99999", "There is no video with the number")])
def test_a_page_of_no_video_says_so(visit: Visit, number: str, said: str) -> None:
    assert said in visit(page_file="views/video.py", video=number).info[0].value


def test_no_database_is_an_invitation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app = _visit("")

    assert not app.exception
    assert "no database yet" in _text(app)
    assert "reencodarr run" in app.info[0].value
    assert not (tmp_path / "data").exists()


def test_an_outdated_database_says_what_to_type(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE x (y)")
    connection.close()
    monkeypatch.setenv("REENCODARR_DATABASE_URL", f"sqlite:///{file}")

    assert "reencodarr db upgrade" in _visit("").info[0].value


def test_an_empty_library_says_what_to_type(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    database.upgrade(url)
    monkeypatch.setenv("REENCODARR_DATABASE_URL", url)

    app = _visit(url)

    assert [code.value for code in app.code] == ["reencodarr run /path/to/films", "reencodarr demo"]


def test_a_misspelt_setting_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REENCODARR_DATABASE_ULR", "x")

    assert "DATABASE_URL" in _visit("").info[0].value


def _datasets(chart: Any) -> list[pd.DataFrame]:
    """What the browser gets to draw."""
    return [pa.ipc.open_stream(dataset.data.data).read_pandas() for dataset in chart.proto.datasets]
