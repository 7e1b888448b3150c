"""The slot of a domain follows the ledger: swaps without a lost or mixed answer, and keeps what is sound."""

import asyncio

import numpy as np
import pytest

import serving.slot
from registry.errors import RegistryError
from registry.ledger.canaries import begin_canary
from registry.ledger.events import Events
from registry.ledger.ledger import Change, Ledger
from serving.engine.batcher import Threads
from serving.slot import Slot
from settings.machine import load_settings
from tests.disks import fill


def write(expected: int | None, to: int, action: str = "promote") -> None:
    """Puts a version into production."""
    facts = {"actor": "me", "reason": "test", "evidence": "", "dataset_version": "d"}
    Ledger(load_settings().ledger).append(Change("photos", action=action, expected=expected, to=to, **facts))


def told() -> list[tuple[str, str]]:
    """What the events say of the service."""
    newest = Events(load_settings().ledger).latest("photos")
    return [(event.outcome, event.text) for event in newest if event.kind == "serve"]


def with_slot(use) -> None:
    """Runs `use` on a slot, which is closed behind it."""

    async def run() -> None:
        slot = Slot("photos", Threads.of(2), load_settings())
        await use(slot)
        await slot.close()

    asyncio.run(asyncio.wait_for(run(), 120))


def test_look__nothing_in_production(registered, caplog, monkeypatch):
    """A version that nobody promoted is not served; what would bring one is told once, and that one is loading."""
    registered()
    told, verified = [], serving.slot._verified

    async def use(slot: Slot) -> None:
        await slot.look()
        await slot.look()
        assert (slot.current, slot.fault) == (None, "")
        assert slot.missing.startswith("nothing is in production yet; run `regraft retrain photos`")
        assert caplog.messages == [f"photos: {slot.missing}"]
        write(None, 1)
        monkeypatch.setattr("serving.slot._verified", lambda *row: told.append(slot.missing) or verified(*row))
        await slot.look()
        assert (told, slot.missing) == (["v1 is being loaded; ask again in a moment"], "")

    with_slot(use)


def test_look__swaps_without_a_lost_or_mixed_answer(registered, own_workshop, shade):
    """While clients send, promotions and rollbacks take their places; each request is whole and by one version."""
    registered(), registered()
    write(None, 1)
    answered: list[tuple[int, int]] = []

    async def client(slot: Slot, stop: asyncio.Event) -> None:
        while not stop.is_set():
            served = slot.current
            found = await asyncio.gather(*served.batcher.submit([shade(level) for level in range(5, 250, 40)]))
            answered.append((served.version, len(found)))

    async def use(slot: Slot) -> None:
        stop = asyncio.Event()
        await slot.look()
        clients = [asyncio.create_task(client(slot, stop)) for _ in range(4)]
        for number in range(6):
            await asyncio.sleep(0.2)
            write(1 + number % 2, 2 - number % 2)
            await slot.look()
            assert slot.current.version == 2 - number % 2
        stop.set()
        await asyncio.gather(*clients)

    with_slot(use)
    assert {version for version, _ in answered} == {1, 2}
    assert {count for _, count in answered} == {7}
    assert told() == [("done", "v1 answers")]


def test_look__altered_package_is_refused_once(registered, own_workshop):
    """What fails its check never answers; the version before it goes on, and a person is told once."""
    registered()
    write(None, 1)

    async def use(slot: Slot) -> None:
        await slot.look()
        registered()
        write(1, 2)
        for stored in (own_workshop.root / ".regraft" / "mlartifacts").rglob("labels.json"):
            stored.write_text(stored.read_text().replace("dark", "bark"))
        for _ in range(3):
            await slot.look()
        assert slot.current.version == 1
        assert "v2 is refused: " in slot.fault
        assert "labels.json" in slot.fault

    with_slot(use)
    ((outcome, text),) = told()
    assert (outcome, text[:14]) == ("failed", "v2 is refused:")


def test_look__answers_as_another_machine(registered, monkeypatch):
    """A package whose golden samples are answered otherwise here is refused."""
    registered()
    write(None, 1)
    monkeypatch.setattr("serving.slot.served_difference", lambda package: 0.5)

    async def use(slot: Slot) -> None:
        await slot.look()
        assert slot.current is None
        assert "differ by 0.5, over 0.001" in slot.fault

    with_slot(use)


def test_look__ledger_is_down(registered, shade, monkeypatch):
    """What answers goes on while the ledger is down, and the slot follows again when it is back."""
    registered(), registered()
    write(None, 1)

    async def use(slot: Slot) -> None:
        await slot.look()
        with monkeypatch.context() as down:
            down.setattr("serving.slot._state", _raise)
            await slot.look()
        assert slot.fault == "the ledger is down"
        (answer,) = await asyncio.gather(*slot.current.batcher.submit([shade(9)]))
        assert np.isclose(answer.probabilities.sum(), 1)
        await slot.look()
        assert slot.fault == ""
        write(1, 2)
        await slot.look()
        assert slot.current.version == 2

    with_slot(use)


def _raise(*_) -> None:
    raise RegistryError("the ledger is down")


def test_look__removed_domain(registered):
    """What was removed is served no more."""
    registered()
    write(None, 1)

    async def use(slot: Slot) -> None:
        await slot.look()
        served = slot.current
        write(1, 0, action="remove")
        await slot.look()
        assert slot.current is None
        await asyncio.sleep(0)  # it is being drained from now on
        with pytest.raises(ValueError, match="not served any more"):
            served.batcher.submit([b""])

    with_slot(use)


def test_look__starts_while_the_ledger_is_down(registered, shade, monkeypatch):
    """What was served last answers until the ledger is back, which finds it in its place."""
    registered()
    write(None, 1)

    async def served(slot: Slot) -> None:
        await slot.look()

    with_slot(served)

    async def use(slot: Slot) -> None:
        with monkeypatch.context() as down:
            down.setattr("serving.slot._state", _raise)
            await slot.look()
        before = slot.current
        assert (before.version, slot.fault) == (1, "the ledger is down")
        (answer,) = await asyncio.gather(*slot.current.batcher.submit([shade(9)]))
        assert np.isclose(answer.probabilities.sum(), 1)
        await slot.look()
        assert (slot.current, slot.fault) == (before, "")

    with_slot(use)


def test_look__swaps_while_the_disk_is_full(registered, own_workshop, small_disk, caplog):
    """A rollback needs no room: it is taken in, told, and no start will take the version before for the present one."""
    registered(), registered()
    write(None, 1)
    disk = small_disk("served", 1)
    (own_workshop.root / ".regraft" / "served").symlink_to(disk)

    async def use(slot: Slot) -> None:
        await slot.look()
        assert [one.name for one in disk.iterdir()] == ["photos.json"]
        fill(disk)
        write(1, 2)
        await slot.look()
        assert (slot.current.version, slot.fault) == (2, "")

    with_slot(use)
    assert "v2 answers, but a start without MLflow will not know it: cannot write" in caplog.text
    assert [one.name for one in disk.iterdir()] == ["ballast"]


def test_look__canary_cannot_be_had(registered, monkeypatch, caplog):
    """While MLflow is down that is said once, not every second, and the champion answers."""
    registered(), registered()
    write(None, 1)
    begin_canary(Events(load_settings().ledger), "photos", 2)
    monkeypatch.setattr("serving.slot._rival", _raise)

    async def use(slot: Slot) -> None:
        for _ in range(3):
            await slot.look()
        assert (slot.current.version, slot.rival, slot.fault) == (1, None, "the ledger is down")

    with_slot(use)
    assert caplog.text.count("the ledger is down") == 1


def test_look__starts_with_nothing_sound(registered, own_workshop, monkeypatch):
    """What was altered since it was served is refused, and what was never served, or was removed, is not known."""
    registered()
    write(None, 1)

    async def served(slot: Slot) -> None:
        await slot.look()

    async def down(slot: Slot) -> None:
        with monkeypatch.context() as gone:
            gone.setattr("serving.slot._state", _raise)
            await slot.look()
        assert (slot.current, slot.fault) == (None, "the ledger is down")

    with_slot(down)
    with_slot(served)
    (labels,) = (own_workshop.root / ".regraft" / "packages").rglob("labels.json")
    before = labels.read_text()
    labels.write_text(before.replace("dark", "bark"))
    with_slot(down)
    labels.write_text(before)
    write(1, 0, action="remove")
    with_slot(served)
    with_slot(down)
