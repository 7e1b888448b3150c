"""The service judges its canary by itself."""

import asyncio
from collections import deque
from types import SimpleNamespace

from serving.canary.judging import Speeds
from serving.canary.watch import settled, watch
from settings.errors import RegraftError


def slot(champion: list[float], canary: list[float]) -> SimpleNamespace:
    """A slot whose models took these seconds a sample."""
    served = [SimpleNamespace(batcher=SimpleNamespace(seconds=deque(one))) for one in (champion, canary)]
    return SimpleNamespace(
        domain="photos", current=served[0], rival=SimpleNamespace(served=served[1], canary="v2", share=0.05)
    )


def test_settled__with_what_the_models_take(monkeypatch):
    """Medians of a sample's seconds, and the fewer batches of the two; none where one has answered nothing yet."""
    asked = []
    found = SimpleNamespace(canary="v2", share=0.2)
    monkeypatch.setattr("serving.canary.watch.settle", lambda *told: asked.append(told) or found)
    first, other = slot([0.1, 0.3, 0.2], [0.4, 0.6]), slot([0.1], [])
    other.rival.canary = "v3"
    asyncio.run(settled(first))
    asyncio.run(settled(other))
    assert asked == [("photos", Speeds(0.2, 0.5, 2)), ("photos", None)]
    assert (first.rival.share, other.rival.share) == (0.2, 0.05), "a share is for the canary that was judged"


def test_watch__goes_on_after_a_fault(monkeypatch, caplog):
    """MLflow may be down for a while: it is told, and judged again later; without a canary nothing is asked."""
    asked, twice = [], asyncio.Event()

    def down(domain: str, speeds: Speeds) -> None:
        asked.append(domain)
        if len(asked) == 2:
            loop.call_soon_threadsafe(twice.set)
        raise RegraftError("MLflow is down")

    monkeypatch.setattr("serving.canary.watch.settle", down)
    monkeypatch.setattr("serving.canary.watch.JUDGE_SECONDS", 0.0)
    loop: asyncio.AbstractEventLoop

    async def run() -> None:
        nonlocal loop
        loop = asyncio.get_running_loop()
        with_canary, without = slot([0.1], [0.1]), slot([0.1], [0.1])
        without.rival, without.domain = None, "cats"
        tasks = [asyncio.create_task(watch(one)) for one in (with_canary, without)]
        await twice.wait()
        for task in tasks:
            task.cancel()

    asyncio.run(asyncio.wait_for(run(), 30))
    assert set(asked) == {"photos"}
    assert "photos: the canary is not judged: MLflow is down" in caplog.text
