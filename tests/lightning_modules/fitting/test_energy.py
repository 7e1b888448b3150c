"""Energy of a fit: an estimate that leaves no trace but its file."""

import logging
import socket

import pytest

from lightning_modules.fitting.energy import energy_measured, read_energy


def test_energy_measured__adds_up_offline_and_quietly(tmp_path, monkeypatch, caplog, capfd):
    """A fit that goes on adds to what it took before; no connection, no other file, not a word."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a connection was made"))
    found = []
    for _ in range(2):
        with caplog.at_level(logging.INFO), energy_measured(tmp_path):
            sum(range(10**6))
        found.append(read_energy(tmp_path))
    assert 0 < found[0] < found[1] < 1e-3
    assert [path.name for path in tmp_path.iterdir()] == ["energy.json"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_energy_measured__failed(tmp_path, error):
    """What a failed or interrupted stretch took is kept, its error is passed on, and the next stretch adds to it."""
    with pytest.raises(error, match="mine"), energy_measured(tmp_path):
        sum(range(10**6))
        raise error("mine")
    lost = read_energy(tmp_path)
    with energy_measured(tmp_path):
        sum(range(10**6))
    assert 0 < lost < read_energy(tmp_path)


def test_energy_measured__nothing_found(tmp_path, monkeypatch):
    """Where the meter finds nothing the fit goes on, and nothing is claimed."""
    monkeypatch.setattr("lightning_modules.fitting.energy._kilowatt_hours", lambda tracker: None)
    with energy_measured(tmp_path):
        pass
    assert read_energy(tmp_path) is None
