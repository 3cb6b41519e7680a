import threading
from concurrent.futures import ThreadPoolExecutor

from reencodarr.transfer.urls import Parts, Renewing, shown


def test_a_url_is_fetched_when_it_is_first_needed_and_kept() -> None:
    fetched: list[int] = []

    def fetch() -> str:
        fetched.append(1)
        return "http://a/b?secret"

    url = Renewing(fetch)
    before = len(fetched)

    assert [url.current(), url.current()] == ["http://a/b?secret"] * 2
    assert (before, len(fetched)) == (0, 1)


def test_many_threads_with_the_same_refused_url_renew_it_once() -> None:
    fetched: list[str] = []

    def fetch() -> str:
        fetched.append(f"http://a/b?{len(fetched)}")
        return fetched[-1]

    url = Renewing(fetch)
    refused = url.current()
    together = threading.Barrier(8)

    def renew(_: int) -> str:
        together.wait()
        url.renew(refused)
        return url.current()

    with ThreadPoolExecutor(8) as pool:
        fresh = set(pool.map(renew, range(8)))

    assert fresh == {"http://a/b?1"}
    assert len(fetched) == 2


def test_what_is_shown_holds_no_secret() -> None:
    url = Renewing(lambda: "https://bucket/films/a%20b?X-Amz-Signature=0123#x")
    url.current()

    assert shown(url.current()) == url.name == "https://bucket/films/a%20b"


def test_urls_of_parts_come_in_batches() -> None:
    asked: list[list[int]] = []

    def fetch(numbers):
        asked.append(list(numbers))
        return {number: f"http://a/?{number}-{len(asked)}" for number in numbers}

    urls = Parts(fetch, range(1, 41), name="it")
    first = [urls.of(number).current() for number in range(1, 41)]

    assert [len(batch) for batch in asked] == [16, 16, 8]
    assert len(set(first)) == 40

    again = urls.of(7)
    again.current()

    assert asked[-1] == [7]
