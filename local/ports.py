"""Chooses ports on loopback: the usual ones, or free ones."""

import random
import socket

# Below the range from which Linux and macOS take the ports of outgoing connections, so that none of those
# can take the port between here and the moment a part listens on it.
FREE_RANGE = range(20_000, 32_000)


def is_free(port: int) -> bool:
    with socket.socket() as candidate:
        # As servers do; without it a port counts as taken for a minute after its last connection.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nobody listens on; random, so that two who choose at once choose differently."""
    shuffled = random.sample(FREE_RANGE, k=len(FREE_RANGE))
    return next(port for port in shuffled if is_free(port))
