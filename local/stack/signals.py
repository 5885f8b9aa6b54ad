"""Ends a program on SIGINT and SIGTERM, however a shell started it."""

import signal


def interrupt_on_signals() -> None:
    """Makes SIGINT and SIGTERM raise KeyboardInterrupt; SIGHUP too, except under nohup.

    In `command &` a script starts its commands with SIGINT ignored, and their children inherit that. Children of this
    process get the default again: a signal that has a handler is reset when they start.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)
