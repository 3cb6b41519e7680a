"""What has to be known of each application before it is told to delete a file and to look for another one."""

from reencodarr.arr.application import Application
from tests.arr.fake import Fake


def test_it_says_where_deleted_files_go_and_whether_it_searches_by_itself(app: Application, fake: Fake) -> None:
    before = app.recycle_bin(), app.redownloads()
    fake.knobs.recycle_bin, fake.knobs.redownloads = "", True

    assert before == ("/bin", False)
    assert (app.recycle_bin(), app.redownloads()) == ("", True)


def test_what_it_was_told_lately_is_listed(app: Application, fake: Fake) -> None:
    title = fake.library.add_title("Show", folder="/tv/Show")
    told = app.rescan(title.id)

    assert [(one.id, one.name) for one in app.commands()] == [(told.id, told.name)]
