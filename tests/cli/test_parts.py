"""What the parts of a server are started with: who gets which secret."""

from pathlib import Path

import pytest
import yaml

from reencodarr import settings
from reencodarr.cli import local_worker, parts, pools
from reencodarr.errors import SettingsError
from reencodarr.library import database
from reencodarr.stages.machines import workers_desk
from reencodarr.stages.workplace import open_workplace
from reencodarr.work import token

SECRETS = {"REENCODARR_DATABASE_URL": "sqlite:///{folder}/r.db", "PREFECT_SERVER_API_AUTH_STRING": "owner:" + "s" * 40}


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> settings.Settings:
    monkeypatch.setenv("REENCODARR_DATA_DIR", str(tmp_path))
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value.format(folder=tmp_path))
    found = settings.load()
    database.upgrade(found.database)
    return found


def test_the_worker_part_gets_none_of_the_servers_settings(loaded: settings.Settings) -> None:
    worker = parts.part("worker", parts.site(loaded))

    assert not worker.inherits
    assert not set(SECRETS) & set(worker.environment)
    assert not [name for name in worker.environment if "BUCKET" in name or "DATABASE" in name]
    keys = (loaded.data_dir / "secrets" / "bucket").read_text().split(":")
    assert not [value for value in worker.environment.values() if keys[1] in value or "s" * 40 in value]


def secret_of_the_worker(loaded: settings.Settings) -> str:
    """What a start of the server gives to its own worker."""
    worker = parts.part("worker", parts.site(loaded))
    return token.from_file(Path(worker.environment["REENCODARR_TOKEN_FILE"])).secret


def test_the_workers_secret_outlives_the_server_for_the_work_that_does(loaded: settings.Settings) -> None:
    first = secret_of_the_worker(loaded)

    assert secret_of_the_worker(loaded) == first
    assert workers_desk.known(open_workplace(loaded), local_worker.NAME, first) is not None


def test_a_secret_of_the_worker_that_opens_nothing_is_made_anew(loaded: settings.Settings) -> None:
    revoked = secret_of_the_worker(loaded)
    workers_desk.revoke(open_workplace(loaded), local_worker.NAME)
    torn = secret_of_the_worker(loaded)
    (loaded.data_dir / "worker" / "token").write_text("rwt1.torn")

    last = secret_of_the_worker(loaded)

    assert len({revoked, torn, last}) == 3
    assert workers_desk.known(open_workplace(loaded), local_worker.NAME, last) is not None


@pytest.mark.parametrize("name", parts.NAMES)
def test_no_secret_stands_in_a_command_line(loaded: settings.Settings, name: str) -> None:
    place = parts.site(loaded)
    assert place.embedded_keys is not None

    made = parts.part(name, place)

    said = " ".join(made.command)
    assert not [secret for secret in (*place.embedded_keys, "s" * 40) if secret in said]


def test_keys_of_the_bucket_are_made_once_and_for_the_owner_only(loaded: settings.Settings) -> None:
    first, second = parts.site(loaded), parts.site(loaded)

    assert first.embedded_keys == second.embedded_keys
    assert (loaded.data_dir / "secrets" / "bucket").stat().st_mode & 0o077 == 0


def test_a_configured_bucket_is_used_and_none_is_started(
    loaded: settings.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REENCODARR_BUCKET__ENDPOINT", "https://s3.example.org")

    place = parts.site(settings.load())

    assert place.embedded_keys is None
    with pytest.raises(SettingsError, match=r"s3\.example\.org"):
        parts.part("bucket", place)


def test_with_tls_every_part_trusts_the_servers_own_authority(
    loaded: settings.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REENCODARR_SERVER__TLS", "true")

    place = parts.site(settings.load())

    assert place.environment["PREFECT_API_URL"].startswith("https://")
    assert Path(place.environment["PREFECT_API_SSL_CERT_FILE"]).is_file()
    assert place.environment["REENCODARR_BUCKET__ENDPOINT"].startswith("https://")
    assert Path(place.environment["REENCODARR_BUCKET__CERTIFICATE"]).is_file()


def test_every_queue_of_the_servers_deployments_is_polled_by_a_part(loaded: settings.Settings) -> None:
    said = yaml.safe_load(pools.prefect_file().read_text(encoding="utf-8"))["deployments"]
    wanted = {one["work_pool"]["work_queue_name"] for one in said if one["work_pool"]["name"] == "server"}

    made = [parts.part(name, parts.site(loaded)) for name in ("work", "dispatch")]

    polled = [queue for part in made for queue in part.command[-2].split(",")]
    assert wanted <= set(polled)
    assert len(polled) == len(set(polled))
    # What takes long never stands before dispatch.
    assert made[1].command[-2] == "dispatch"


def test_without_a_bucket_no_part_is_told_of_one(loaded: settings.Settings) -> None:
    place = parts.site(loaded, own_bucket=False)

    assert not [name for name in place.environment if "BUCKET" in name]
    assert place.settings.bucket.endpoint is None
