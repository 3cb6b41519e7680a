"""A port that was given to a server is given to no other."""

import socket

import pytest

from tests.servers import ports


def test_ports_do_not_come_twice_and_connections_do_not_get_them() -> None:
    drawn = [ports.free() for _ in range(50)]

    assert len(set(drawn)) == len(drawn)
    assert max(drawn) < 32_768


def test_workers_draw_from_different_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    for worker in ("gw0", "gw1", "gw2"):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", worker)
        found[worker] = {ports.free() // 1000 for _ in range(20)}

    assert [len(parts) for parts in found.values()] == [1, 1, 1]
    assert len(set.union(*found.values())) == 3


def test_a_port_that_somebody_listens_on_is_passed_over() -> None:
    taken = ports.free()

    with socket.create_server(("127.0.0.1", taken + 1)):
        following = ports.free()

    assert following not in {taken, taken + 1}
