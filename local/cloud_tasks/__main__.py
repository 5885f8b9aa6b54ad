"""`python -m local.cloud_tasks`: serves until SIGINT or SIGTERM."""

import argparse
import logging
import signal
from queue import SimpleQueue

from local.cloud_tasks.server import CloudTasks


def main() -> None:
    """Prints `Cloud Tasks on HOST:PORT` once it accepts calls. Exits with 1 if the port is in use."""
    signals = _receive_signals()
    parser = argparse.ArgumentParser(prog="python -m local.cloud_tasks", description="A local Google Cloud Tasks.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", default=8123, type=int, help="port to listen on, 0 for a free one (%(default)s)")
    arguments = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        with CloudTasks(host=arguments.host, port=arguments.port) as tasks:
            print(f"Cloud Tasks on {tasks.address}", flush=True)
            signals.get()
    except RuntimeError as error:
        parser.exit(1, f"{error}\n")


def _receive_signals() -> SimpleQueue[int]:
    """The signals that end the process. A shell may have started it with SIGINT ignored, so both get a handler."""
    received: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received_number, _: received.put(received_number))
    return received


if __name__ == "__main__":
    main()
