"""The real server and a real browser: it works, looks as meant, and no request leaves the machine.

Wants Chromium at /usr/bin/chromium (REENCODARR_TEST_CHROMIUM names another). Screenshots go to pytest's folder.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Error, Locator, Page, expect, sync_playwright

from dashboards import launch
from reencodarr.tools import servers
from reencodarr.units import Seconds
from tests.dashboards.conftest import Shown
from tests.library import specimens
from tests.servers import ports

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

CHROMIUM = Path(os.environ.get("REENCODARR_TEST_CHROMIUM", "/usr/bin/chromium"))
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
ROW_HEIGHT = 38
PATIENCE = 120_000
"""Milliseconds; the machine may be busy with encodes."""
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def site(shown: Shown, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard as `reencodarr dashboard` starts it, from a folder that is not the checkout."""
    port, folder = ports.free(), tmp_path_factory.mktemp("elsewhere")
    arguments, environment = launch.command(port=port, database_url=shown.url)
    log_path = folder / "dashboard.log"
    with servers.running(arguments, environment=environment, log_path=log_path, cwd=folder) as process:
        servers.wait_until_listening(process, port, log_path=log_path, patience=Seconds(300.0))
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}; install it or set REENCODARR_TEST_CHROMIUM")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET), timeout=PATIENCE)
        yield opened
        opened.close()


@pytest.fixture
def strangers() -> list[str]:
    """Every address that the browser asked for and that is not this machine's."""
    return []


@pytest.fixture(params=["light", "dark"])
def page(browser: Browser, strangers: list[str], request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 1440, "height": 1400}, color_scheme=request.param, timezone_id="Asia/Tokyo"
    )
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)

    def note(url: str) -> None:
        if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).hostname != "127.0.0.1":
            strangers.append(url)

    opened.on("request", lambda request: note(request.url))
    opened.on("websocket", lambda socket: note(socket.url))
    yield opened
    context.close()


def expect_parameters(page: Page, wanted: dict[str, list[str]]) -> None:
    """The address says that, now or soon: it is told apart from what the page shows."""
    for _ in range(PATIENCE // 100):
        if parse_qs(urlsplit(page.url).query) == wanted:
            return
        page.wait_for_timeout(100)
    assert parse_qs(urlsplit(page.url).query) == wanted


def open_row(page: Page, number: int, shown: Locator) -> None:
    """Click on a row of the table until its film is shown: a table that is being drawn hears no click."""
    table = page.get_by_test_id("stDataFrame").first
    for _ in range(8):
        with contextlib.suppress(Error, AssertionError):
            if table.is_visible():
                table.click(position={"x": 16, "y": (number + 0.5) * ROW_HEIGHT})
            expect(shown).to_be_visible(timeout=PATIENCE / 8)
            return
    expect(shown).to_be_visible()


def test_a_click_on_a_row_opens_its_film_and_nothing_leaves_the_machine(
    page: Page, site: str, shown: Shown, strangers: list[str], tmp_path: Path
) -> None:
    page.goto(f"{site}/?state=replaced&sort=saved")
    expect(page.get_by_text("1 to 2 of 2")).to_be_visible()
    table = page.get_by_test_id("stDataFrame")
    expect(table.locator("canvas").first).to_be_visible()
    page.wait_for_timeout(1500)
    page.screenshot(path=tmp_path / "videos.png")

    open_row(page, 2, page.get_by_role("heading", name="Blue Hill.mkv"))
    expect(page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first).to_be_visible()
    expect(page.get_by_text("saved 2.5 GiB (62 %)")).to_be_visible()
    expect(page.get_by_text("21 Nov 2025, 06:00").first).to_be_visible()  # Tokyo's time of 20 Nov, 21:00 UTC
    page.wait_for_timeout(1500)
    page.screenshot(path=tmp_path / "video.png")

    expect_parameters(page, {"video": [str(shown.ids["replaced"])]})
    page.get_by_role("link", name="← Videos").click()
    expect(page.get_by_text("1 to 2 of 2")).to_be_visible()
    expect_parameters(page, {"state": ["replaced"], "sort": ["saved"]})
    assert strangers == []


def test_the_first_address_may_be_a_film_with_a_hostile_name(
    page: Page, site: str, shown: Shown, strangers: list[str]
) -> None:
    page.goto(f"{site}/video?video={shown.ids['encoding']}")

    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(specimens.HOSTILE)
    page.wait_for_timeout(1500)
    assert page.locator("h1 img, h1 i, h1 em").count() == 0
    assert strangers == []


def test_typing_searches_and_the_back_button_goes_back(page: Page, site: str) -> None:
    page.goto(site)
    expect(page.get_by_text("1 to 14 of 14")).to_be_visible()

    page.get_by_role("textbox", name="Search").fill("zulu")
    page.get_by_role("textbox", name="Search").press("Enter")

    expect(page.get_by_text("1 to 1 of 1")).to_be_visible()
    expect_parameters(page, {"q": ["zulu"]})
    page.go_back()
    expect(page.get_by_text("1 to 14 of 14")).to_be_visible()
