"""The bucket of tokens."""

import pytest

from serving.access.rate import Rate


def test_wait__bursts_then_refills(monkeypatch):
    """As many at once as a second gives, then one each time that its share of a second is over; keys by themselves."""
    now = [100.0]
    monkeypatch.setattr("serving.access.rate.time.monotonic", lambda: now[0])
    rate = Rate(2)
    assert [rate.wait("a") for _ in range(3)] == [0, 0, 0.5]
    assert rate.wait("b") == 0
    now[0] += 0.5
    assert [rate.wait("a"), rate.wait("a")] == [0, 0.5]
    now[0] += 100
    assert [rate.wait("a") for _ in range(3)] == [0, 0, 0.5]  # no more are saved than a second's


def test_wait__slower_than_one_a_second():
    """One, then a pause."""
    rate = Rate(0.1)
    assert rate.wait("a") == 0
    assert rate.wait("a") == pytest.approx(10, abs=0.5)


def test_wait__no_limit():
    """Without a setting nobody waits."""
    rate = Rate(0)
    assert {rate.wait("a") for _ in range(1000)} == {0.0}
