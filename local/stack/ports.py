"""Chooses ports on loopback: the usual ones, or free ones."""

import random
import socket
from collections.abc import Callable, Mapping
from itertools import islice

# Below the range from which Linux and macOS give ports to outgoing connections: none of those can use a port
# between its choice here and the moment a part listens on it.
FREE_RANGE = range(20_000, 32_000)


def is_free(port: int) -> bool:
    with socket.socket() as candidate:
        # As servers do; without it a port counts as used for a minute after its last connection.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Random unused ports, so that two stacks that choose at the same time choose different ones."""
    shuffled = random.sample(FREE_RANGE, k=len(FREE_RANGE))
    return list(islice(filter(is_free, shuffled), count))


def free_port() -> int:
    return free_ports(1)[0]


def choose_ports(usual: Mapping[str, int], *, report: Callable[[str], None]) -> dict[str, int]:
    """Each name's usual port; where that is in use, a free one, which is reported."""
    instead = dict(zip(usual, free_ports(len(usual)), strict=True))
    chosen = {name: port if is_free(port) else instead[name] for name, port in usual.items()}
    for name, port in chosen.items():
        if port != usual[name]:
            report(f"Port {usual[name]} is in use: {name} gets {port}.")
    return chosen
