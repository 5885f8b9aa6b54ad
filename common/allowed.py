"""Lists of names in environment variables, and whether a `Host` is in one."""

import re


def parse_names(text: str) -> frozenset[str]:
    """Returns the names of a list that is separated by commas."""
    return frozenset(filter(None, map(str.strip, text.split(","))))


def host_is_allowed(host: str, allowed: frozenset[str]) -> bool:
    """Whether a Host header, with any port, names an allowed host. An empty list allows all.

    A page of another site can resolve its own name to loopback (DNS rebinding); its calls then have its name here.
    """
    return not allowed or re.sub(":[0-9]*$", "", host.lower()) in allowed
