"""A huge pretended instance in a process of its own, for measurements: `python -m tests.arr.fake sonarr 1000 100`.

Writes its URL to standard output and ends with standard input.
"""

import sys

from tests.arr.fake.server import Fake, serving


def main() -> None:
    kind, titles, files_each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    fake = Fake(kind)
    fake.judges = False
    fake.library.fill(titles, files_each)
    with serving(fake):
        print(fake.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
