"""`python -m local.cloud_tasks`: serves until it is told to end, and says where."""

import argparse
import logging
import signal
from threading import Event

from local.cloud_tasks.server import CloudTasks


def main() -> None:
    """Prints one line, `Cloud Tasks on HOST:PORT`, once calls are accepted; ends cleanly on SIGINT and SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m local.cloud_tasks", description="A local Google Cloud Tasks.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", default=8123, type=int, help="port to listen on, 0 for a free one (%(default)s)")
    asked = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    ended = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        with CloudTasks(host=asked.host, port=asked.port) as tasks:
            print(f"Cloud Tasks on {tasks.address}", flush=True)
            ended.wait()
    except RuntimeError as taken:
        parser.exit(1, f"{taken}\n")


if __name__ == "__main__":
    main()
