"""The service with a canary: who answers, who is asked unseen, and what the log has of it."""

import asyncio

import pytest

from data.specs.image import ImageSpec
from registry.ledger.canaries import end_canary, open_canary
from registry.ledger.events import Events
from serving.asking import Asked
from serving.canary.routing import is_canarys
from serving.errors import ModelFaultError, NoModelError, NotServedError
from serving.log.predictions import read
from serving.service import Service
from settings.machine import load_settings

MINE, THEIRS = (next(f"s{n}" for n in range(99) if is_canarys(f"s{n}", 0.5) == mine) for mine in (True, False))


def with_service(use) -> None:
    """Runs `use` on a service whose slot has looked once; what was asked is logged at the end."""

    async def run() -> None:
        service = Service(["photos"], load_settings())
        async with service.running():
            await service.slot("photos").look()
            await use(service)

    asyncio.run(asyncio.wait_for(run(), 120))


def logged() -> list[tuple]:
    """Session, version and slot of each row of the log."""
    rows = read("photos")
    return sorted(zip(rows["session"], rows["version"], rows["slot"], strict=True))


def test_predict__share_of_callers(canary, shade):
    """Its callers are answered by the canary, the others by the champion; the other version is asked, under one id."""
    canary()

    async def use(service: Service) -> None:
        for session, version in ((MINE, 2), (THEIRS, 1)):
            (said,) = await service.predict("photos", [shade(30)], Asked(session=session, group="g", key="k"))
            assert said.served.version == version

    with_service(use)
    assert logged() == sorted(
        [(MINE, 2, "canary"), (MINE, 1, "shadow"), (THEIRS, 1, "champion"), (THEIRS, 2, "shadow")]
    )
    rows = read("photos")
    assert rows.groupby("id")["version"].nunique().tolist() == [2, 2]
    assert set(rows["group"]) == {"g"}
    assert set(rows["key"]) == {"k"}
    assert (rows["latency_ms"] > 0).all()


def test_predict__abstentions_of_callers(canary, shade):
    """What is asked unseen abstains in the log, and is counted for nobody."""
    canary()

    async def use(service: Service) -> None:
        service.slot("photos").threshold.below = 0.99999
        (said,) = await service.predict("photos", [shade(30)], Asked(session=MINE))
        assert (said.abstained, said.label) == (True, None)
        await asyncio.gather(*service._unseen)
        assert service.slot("photos").abstentions == 1

    with_service(use)
    assert read("photos")["abstained"].tolist() == [True, True]


def test_predict__decoded_once(canary, shade, monkeypatch):
    """Both versions are fed with one decode of each sample, as their specs are the same."""
    canary()
    decoded, decode = [], ImageSpec.decode
    monkeypatch.setattr(
        ImageSpec, "decode", lambda self, content, limit=None: decoded.append(content) or decode(self, content, limit)
    )

    async def use(service: Service) -> None:
        decoded.clear()
        await service.predict("photos", [shade(30), shade(90)], Asked(session=MINE))
        await asyncio.gather(*service._unseen)

    with_service(use)
    assert [decoded.count(shade(level)) for level in (30, 90)] == [1, 1]  # golden samples of a fresh package, too
    assert sorted(read("photos")["brightness"]) == [30, 30, 90, 90]


def test_predict__by_champion(canary, shade):
    """Who names the champion's version is answered by it, though he is of the canary's share, which is asked unseen."""
    canary()

    async def use(service: Service) -> None:
        (said,) = await service.predict("photos", [shade(30)], Asked(session=MINE), by_champion=True)
        assert said.served.version == 1

    with_service(use)
    assert logged() == [(MINE, 1, "champion"), (MINE, 2, "shadow")]


def test_predict__keys_of_several_samples(canary, shade):
    """Each sample of a request has a key and an id of its own."""
    canary()

    async def use(service: Service) -> None:
        said = await service.predict("photos", [shade(30), b"none"], Asked(key="k"))
        assert len({one.id for one in said}) == 2

    with_service(use)
    assert set(read("photos")["key"]) == {"k-0", "k-1"}


def test_predict__canary_fails(canary, shade, monkeypatch):
    """What the canary fails on the champion answers; its failure is in the log."""
    canary()

    async def use(service: Service) -> None:
        slot = service.slot("photos")
        rival = slot.rival.served.batcher
        monkeypatch.setattr("serving.engine.batcher.each_said", lambda package, arrays, known=each_said: (
            [ModelFaultError("broken")] * len(arrays) if package is rival._package else known(package, arrays)
        ))  # fmt: skip
        (said,) = await service.predict("photos", [shade(30)], Asked(session=MINE))
        assert (said.served.version, said.error) == (1, "")

    from serving.engine.batcher import each_said

    with_service(use)
    rows = read("photos")
    assert rows[rows["slot"] == "canary"]["error"].tolist() == ["broken"]
    assert sorted(rows["slot"]) == ["canary", "champion", "shadow"]


def test_predict__canary_has_no_room(canary, shade, monkeypatch):
    """Then the champion answers, and nobody is asked unseen."""
    canary()

    async def use(service: Service) -> None:
        slot = service.slot("photos")
        with monkeypatch.context() as full:
            full.setattr(
                type(slot.current.batcher), "pending", property(lambda one: 400 * (one is slot.rival.served.batcher))
            )
            said = await service.predict("photos", [shade(30)] * 113, Asked(session=MINE))
            assert {one.served.version for one in said} == {1}
            await asyncio.gather(*service._unseen)

    with_service(use)
    assert set(read("photos")["slot"]) == {"champion"}


def test_look__canary_ends(canary, shade):
    """When it is withdrawn the champion answers everybody; a canary that is refused is withdrawn at once."""
    canary()

    async def use(service: Service) -> None:
        slot, events = service.slot("photos"), Events(load_settings().ledger)
        assert slot.rival.served.version == 2
        end_canary(events, open_canary(events, "photos"), "WITHDRAW", "it is worse")
        await slot.look()
        assert slot.rival is None
        (said,) = await service.predict("photos", [shade(30)], Asked(session=MINE))
        assert said.served.version == 1

    with_service(use)


def test_look__canary_is_refused(canary, monkeypatch):
    """A package that answers otherwise here is no canary."""
    canary()

    async def use(service: Service) -> None:
        slot = service.slot("photos")
        slot._drop_rival()
        monkeypatch.setattr("serving.slot.served_difference", lambda package: 0.5)
        await slot.look()
        assert (slot.rival, slot.current.version) == (None, 1)

    with_service(use)
    (told,) = [one for one in Events(load_settings().ledger).latest("photos") if one.kind == "canary"]
    assert told.text.startswith("WITHDRAW: its package is refused: its answers to the golden samples differ by 0.5")


def test_service__unknown_and_empty(home):
    """A domain that is not served is another fault than one without a model."""

    async def use(service: Service) -> None:
        with pytest.raises(NotServedError, match=r"'cats' is not served here \(there: photos\)"):
            await service.predict("cats", [b""])
        with pytest.raises(NoModelError, match="'photos' has no model: nothing is in production yet"):
            await service.predict("photos", [b""])

    with_service(use)


def test_running__domains_that_are_new(canary, shade, monkeypatch):
    """A domain that is new in the project is served as soon as it is there."""
    canary()
    monkeypatch.setattr("serving.service.GROW_SECONDS", 0.01)
    monkeypatch.setattr("serving.service.watch", lambda slot: _ready(slot, there))
    there = asyncio.Event()

    async def run() -> None:
        service = Service([], load_settings(), lambda: ["photos"])
        async with service.running():
            with pytest.raises(NotServedError):
                service.slot("photos")
            await asyncio.wait_for(there.wait(), 60)
            (said,) = await service.predict("photos", [shade(30)], Asked(session=THEIRS))
            assert said.served.version == 1

    asyncio.run(run())
    assert (THEIRS, 1, "champion") in logged()


async def _ready(slot, there: asyncio.Event) -> None:
    """Looks once, and says so."""
    await slot.look()
    there.set()
