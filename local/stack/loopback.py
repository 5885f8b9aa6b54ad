"""Excludes loopback from HTTP proxies, which cannot reach it."""

import os

HOSTS = "127.0.0.1,localhost"


def bypass_proxies() -> None:
    """For HTTP and gRPC in this process and its children."""
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), HOSTS)))
