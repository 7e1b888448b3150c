"""SIGTERM as an exit, where nobody else minds it."""

import os
import signal
import threading

import pytest

from settings.signals import exit_on_sigterm


def test_exit_on_sigterm__clears_up():
    """It is an exit with 143 through `finally`, and afterwards the signal means what it meant."""
    cleared = []
    with pytest.raises(SystemExit) as ended, exit_on_sigterm():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            cleared.append(True)
    assert (ended.value.code, cleared) == (143, [True])
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_exit_on_sigterm__somebody_minds_it():
    """A handler that is there stays, and another thread leaves signals alone."""
    told, before = [], signal.signal(signal.SIGTERM, lambda *_: told.append(True))
    try:
        with exit_on_sigterm():
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert told == [True]
    passed = []

    def elsewhere() -> None:
        with exit_on_sigterm():
            passed.append(True)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert passed == [True]
