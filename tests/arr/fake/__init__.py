"""Sonarr and Radarr, pretended: `with serving(Fake("sonarr")) as sonarr: ...`. See `server`."""

from tests.arr.fake.knobs import Failure, Knobs
from tests.arr.fake.library import File, FolderDisk, ImaginedDisk, Library, Title
from tests.arr.fake.server import KEY, Fake, serving

__all__ = ["KEY", "Failure", "Fake", "File", "FolderDisk", "ImaginedDisk", "Knobs", "Library", "Title", "serving"]
