"""`reencodarr demo`, the first command of the README, and the dashboard on the library that it made."""

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from reencodarr.cli import exits
from reencodarr.tools import servers
from reencodarr.units import Seconds
from tests.cli.conftest import PROGRAM, Program
from tests.dashboards.test_browser import CHROMIUM, PATIENCE, QUIET, open_row
from tests.servers import ports

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def test_the_demo_re_encodes_its_library_and_the_dashboard_shows_it(reencodarr: Program, tmp_path: Path) -> None:
    clean = Program(
        environment={name: value for name, value in reencodarr.environment.items() if name != "REENCODARR_POLICY"},
        cwd=tmp_path,
    )

    demo = clean("demo")
    data = str(tmp_path / "reencodarr-demo" / "data")
    status = json.loads(clean("status", "--json", REENCODARR_DATA_DIR=data).stdout)

    assert demo.returncode == exits.DONE, demo.stdout + demo.stderr
    assert status["states"]["replaced"] >= 3
    assert status["states"]["skipped"] >= 1
    assert status["states"]["failed"] == 1
    assert "reencodarr dashboard" in demo.stdout
    if not CHROMIUM.exists():
        pytest.skip(f"the demo is right; there is no Chromium at {CHROMIUM} to look at its dashboard")
    _look(clean, data, tmp_path)


def _look(program: Program, data: str, tmp_path: Path) -> None:
    port = ports.free()
    environment = {**program.environment, "REENCODARR_DATA_DIR": data}
    log_path = tmp_path / "dashboard.log"
    command = [PROGRAM, "dashboard", "--port", str(port)]
    with (
        servers.running(command, environment=environment, log_path=log_path, cwd=tmp_path) as process,
        sync_playwright() as playwright,
    ):
        servers.wait_until_listening(process, port, log_path=log_path, patience=Seconds(300.0))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET), timeout=PATIENCE)
        page = browser.new_page(viewport={"width": 1440, "height": 1400})
        page.set_default_timeout(PATIENCE)
        strangers: list[str] = []
        page.on("request", lambda request: strangers.append(request.url) if "127.0.0.1" not in request.url else None)
        page.goto(f"http://127.0.0.1:{port}/?state=replaced&sort=saved")
        expect(page.get_by_test_id("stDataFrame").locator("canvas").first).to_be_visible()
        page.wait_for_timeout(2000)
        page.screenshot(path=shots(tmp_path) / "demo-videos.png")
        open_row(page, 1, page.get_by_role("link", name="← Videos"))
        expect(page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first).to_be_visible()
        page.wait_for_timeout(2000)
        page.screenshot(path=shots(tmp_path) / "demo-video.png")
        browser.close()
    assert [url for url in strangers if not url.startswith(("data:", "blob:"))] == []


def shots(tmp_path: Path) -> Path:
    """Where screenshots go; REENCODARR_TEST_SCREENSHOTS keeps them."""
    folder = Path(os.environ.get("REENCODARR_TEST_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
