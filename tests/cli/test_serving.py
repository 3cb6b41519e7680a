"""What a worker tells its server while it works: a real worker of Prefect's, a real server of ours."""

from pathlib import Path

from reencodarr.cli.prefect_worker import Worker
from reencodarr.cli.serving import _Serving
from reencodarr.cli.stopping import Asked
from reencodarr.units import Seconds
from reencodarr.work import machine, speed, talk
from reencodarr.work.link import Link
from tests.work import kit, server
from tests.work.server import Desk


def test_its_speed_is_told_once_an_encode_has_shown_it(tmp_path: Path) -> None:
    desk = Desk()
    with server.running(desk) as url, Link(desk.token, server=url) as way:
        settings = kit.settings(tmp_path, url)
        settings.data_dir.mkdir()
        known = machine.capabilities(machine.examined(settings), settings)
        worker = Worker(environment={}, name="attic", work_pool_name="linux")
        serving = _Serving(settings, way, known, way.hello(known), Asked())

        serving._say(worker)
        speed.note(settings.data_dir, known.build, 12.5, seconds=Seconds(60.0))
        serving._say(worker)
        serving._say(worker)

    told = [body["fps"] for path, body in desk.heard if path == talk.HELLO]
    assert told == [None, 12.5]
    assert [path for path, _ in desk.heard].count(talk.BEAT) == 3


def test_a_worker_that_drains_does_not_introduce_itself_again(tmp_path: Path) -> None:
    """The server would take it for one that wants work."""
    desk = Desk()
    with server.running(desk) as url, Link(desk.token, server=url) as way:
        settings = kit.settings(tmp_path, url)
        settings.data_dir.mkdir()
        known = machine.capabilities(machine.examined(settings), settings)
        worker = Worker(environment={}, name="attic", work_pool_name="linux")
        serving = _Serving(settings, way, known, way.hello(known), Asked())
        worker.draining = True

        speed.note(settings.data_dir, known.build, 12.5, seconds=Seconds(60.0))
        serving._say(worker)

    assert [path for path, _ in desk.heard] == [talk.HELLO, talk.BEAT]
