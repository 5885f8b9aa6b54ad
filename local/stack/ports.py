"""Chooses ports on loopback: the usual ones, or free ones."""

import random
import socket
from collections.abc import Callable, Mapping
from itertools import islice

# Below the range from which Linux and macOS take the ports of outgoing connections, so that none of those
# can take a port between here and the moment a part listens on it.
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


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; random, so that two who choose at once choose differently."""
    shuffled = random.sample(FREE_RANGE, k=len(FREE_RANGE))
    return list(islice(filter(is_free, shuffled), count))


def free_port() -> int:
    return free_ports(1)[0]


def usual_ports(usual: Mapping[str, int], *, tell: Callable[[str], None]) -> dict[str, int]:
    """A port for each name: its usual one or, if that is taken, a free one, which is told."""
    instead = dict(zip(usual, free_ports(len(usual)), strict=True))
    chosen = {name: port if is_free(port) else instead[name] for name, port in usual.items()}
    for name, port in chosen.items():
        if port != usual[name]:
            tell(f"Port {usual[name]} is taken, so {name} gets {port}.")
    return chosen
