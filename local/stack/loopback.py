"""Loopback: the hosts of calls to the parts, and no HTTP proxy in between."""

import os

HOSTS = "127.0.0.1,localhost"
ALLOWED_HOSTS = f"{HOSTS},[::1]"


def allowed_hosts() -> str:
    """The variable ALLOWED_HOSTS of each part: loopback, and the names in the user's own variable."""
    return ",".join(filter(None, (ALLOWED_HOSTS, os.environ.get("ALLOWED_HOSTS"))))


def bypass_proxies() -> None:
    """For HTTP and gRPC in this process and its children."""
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), HOSTS)))
