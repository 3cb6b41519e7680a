"""OpenStack Swift with its S3 interface on one machine: the rings and the configuration of its four servers."""

import getpass
import secrets
from pathlib import Path

from tests.servers import ports
from tests.storage import certificates

_KINDS = ("account", "container", "object")
_DEVICE = "d1"


def programs(
    folder: Path, *, port: int, access_key: str, secret_key: str, certificate: certificates.Pair | None
) -> list[tuple[str, Path, int]]:
    """Each program, its configuration file and its port, in the order in which they start. The proxy is the last."""
    home = folder.parent / "swift"
    if not home.exists():
        _prepare(home, folder, port=port, access_key=access_key, secret_key=secret_key, certificate=certificate)
    numbers = {kind: int((home / f"{kind}.port").read_text()) for kind in _KINDS} | {"proxy": port}
    return [(f"swift-{kind}-server", home / f"{kind}.conf", numbers[kind]) for kind in (*_KINDS, "proxy")]


def _prepare(
    home: Path, data: Path, *, port: int, access_key: str, secret_key: str, certificate: certificates.Pair | None
) -> None:
    from swift.common.ring import RingBuilder

    home.mkdir()
    (data / _DEVICE).mkdir(exist_ok=True)
    (home / "swift.conf").write_text(
        f"[swift-hash]\nswift_hash_path_prefix = {secrets.token_hex(8)}\n"
        "[storage-policy:0]\nname = one\ndefault = yes\n"
    )
    for kind in _KINDS:
        backend = ports.free()
        (home / f"{kind}.port").write_text(str(backend))
        rings = RingBuilder(4, 1, 0)
        rings.add_dev(
            {"region": 1, "zone": 1, "ip": "127.0.0.1", "port": backend, "device": _DEVICE, "weight": 1}
            | {"replication_ip": "127.0.0.1", "replication_port": backend}
        )
        rings.rebalance()
        rings.get_ring().save(str(home / f"{kind}.ring.gz"))
        (home / f"{kind}.conf").write_text(
            _default(home, backend) + f"devices = {data}\nmount_check = false\nfallocate_reserve = 0\n"
            f"[pipeline:main]\npipeline = {kind}-server\n[app:{kind}-server]\nuse = egg:swift#{kind}\n"
        )
    tls = f"cert_file = {certificate.certificate}\nkey_file = {certificate.private_key}\n" if certificate else ""
    (home / "proxy.conf").write_text(
        _default(home, port) + tls + "[pipeline:main]\n"
        "pipeline = catch_errors gatekeeper proxy-logging cache listing_formats s3api tempauth bulk slo dlo "
        "proxy-server\n"
        "[app:proxy-server]\nuse = egg:swift#proxy\nallow_account_management = true\naccount_autocreate = true\n"
        f"[filter:tempauth]\nuse = egg:swift#tempauth\nuser_{access_key.replace(':', '_')} = {secret_key} .admin\n"
        "[filter:s3api]\nuse = egg:swift#s3api\nmax_upload_part_num = 10000\n"
        "[filter:slo]\nuse = egg:swift#slo\nmax_manifest_segments = 10000\n"
        # Nothing listens there; without memcached every look-up misses.
        "[filter:cache]\nuse = egg:swift#memcache\nmemcache_servers = 127.0.0.1:9\n"
        + "".join(
            f"[filter:{name}]\nuse = egg:swift#{name.replace('-', '_')}\n"
            for name in ("catch_errors", "gatekeeper", "proxy-logging", "listing_formats", "bulk", "dlo")
        )
    )


def _default(home: Path, port: int) -> str:
    return (
        f"[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = {port}\nworkers = 0\nuser = {getpass.getuser()}\n"
        f"swift_dir = {home}\nlog_level = WARNING\nlog_udp_host = 127.0.0.1\nlog_udp_port = 9\n"
    )
