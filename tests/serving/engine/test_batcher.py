"""Samples of many requests share batches, and each answer or fault is its own sample's."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from data.errors import SampleError
from serving.engine.batcher import Batcher, Threads
from serving.errors import ModelFaultError, QueueFullError, ServingError
from settings.machine import ServingSettings


def batched(package, use: Callable[[Batcher], Awaitable[None]], **settings) -> None:
    """Runs `use` on a batcher of the package, which is drained behind it."""

    async def run() -> None:
        batcher = Batcher(package, Threads.of(2), ServingSettings(**settings))
        await use(batcher)
        await batcher.drain()

    asyncio.run(asyncio.wait_for(run(), 60))


def held(package, monkeypatch) -> tuple[threading.Event, threading.Event]:
    """Makes the package's model wait; the first event tells that it does, the second lets it go on."""
    waits, go_on, predict = threading.Event(), threading.Event(), package.predict

    def slowly(samples):
        waits.set()
        go_on.wait(30)
        return predict(samples)

    monkeypatch.setattr(package, "predict", slowly)
    return waits, go_on


def test_submit__an_answer_belongs_to_its_own_sample(package, shade):
    """A request larger than a batch is split, others mix with it, and every embedding is its own picture's."""

    async def use(batcher: Batcher) -> None:
        levels = [list(range(start, 256, 16)) for start in range(16)]
        requests = [batcher.submit([shade(level) for level in request]) for request in [range(0, 200, 2), *levels]]
        for request, answers in zip([range(0, 200, 2), *levels], requests, strict=True):
            found = await asyncio.gather(*answers)
            assert [answer.embedding.tolist() for answer in found] == [[float(level)] * 3 for level in request]
            assert all((answer.predicted == "bright") == (answer.embedding[0] > 100) for answer in found)

    batched(package, use, batch=8)
    assert max(package.batches) == 8
    assert sum(package.batches) == 100 + 256


def test_submit__one_bad_item_fails_alone(package, shade):
    """Bytes that are no picture, and a picture of too many pixels, take no other sample with them."""

    async def use(batcher: Batcher) -> None:
        given = [shade(10), b"no picture", shade(20, side=40), shade(30)]
        found = await asyncio.gather(*batcher.submit(given), return_exceptions=True)
        assert [type(one) for one in found[1:3]] == [SampleError, SampleError]
        assert "over 900 pixels" in str(found[2])
        assert [answer.facts["brightness"] for answer in (found[0], found[3])] == [10.0, 30.0]

    batched(package, use, max_pixels=900)


def test_submit__model_fails_on_one(package, shade, monkeypatch):
    """Where the model fails on a batch, or says no number, the other samples of the batch are still answered."""
    predict = package.predict

    def sometimes(samples):
        if (samples == 66).any():
            raise RuntimeError("it cannot")
        said, embedding = predict(samples)
        said["shade"][(samples == 77).all(axis=(1, 2, 3))] = float("nan")
        return said, embedding

    monkeypatch.setattr(package, "predict", sometimes)

    async def use(batcher: Batcher) -> None:
        given = [shade(level) for level in (10, 66, 77, 30)]
        found = await asyncio.gather(*batcher.submit(given), return_exceptions=True)
        assert [type(one) for one in found[1:3]] == [ModelFaultError, ModelFaultError]
        assert [answer.facts["brightness"] for answer in (found[0], found[3])] == [10.0, 30.0]

    batched(package, use)


def test_submit__queue_is_full(package, shade, monkeypatch):
    """What does not fit is refused whole; what was taken in is answered."""
    _, go_on = held(package, monkeypatch)

    async def use(batcher: Batcher) -> None:
        answers = batcher.submit([shade(1), shade(2), shade(3)])
        with pytest.raises(QueueFullError, match="3 samples wait and 2 more are over 4; try again later"):
            batcher.submit([shade(4), shade(5)])
        assert batcher.pending == 3
        go_on.set()
        assert len(await asyncio.gather(*answers)) == 3
        assert batcher.pending == 0

    batched(package, use, queue=4, items=4)


def test_submit__decoded_by_another_spec(package, shade):
    """Arrays that a request has by another spec are not taken for those of this one."""

    async def use(batcher: Batcher) -> None:
        decodes = {("another", 0): asyncio.get_running_loop().create_future()}
        (first,) = await asyncio.gather(*batcher.submit([shade(20)], decodes))
        (again,) = await asyncio.gather(*batcher.submit([b"not looked at"], decodes))
        assert (first.predicted, again.predicted) == ("dark", "dark")

    batched(package, use)


def test_submit__batches_fill_while_the_model_works(package, shade, monkeypatch):
    """What came meanwhile is one batch, though each was asked for alone."""
    waits, go_on = held(package, monkeypatch)

    async def use(batcher: Batcher) -> None:
        answers = batcher.submit([shade(1)])
        await asyncio.to_thread(waits.wait, 30)
        for level in range(5):
            answers += batcher.submit([shade(level)])
        await asyncio.gather(*batcher._decodes)
        go_on.set()
        await asyncio.gather(*answers)

    batched(package, use)
    assert package.batches == [1, 5]


def test_submit__a_batch_that_everybody_left(package, shade):
    """The model is not asked, and the next sample is answered."""

    async def use(batcher: Batcher) -> None:
        (gone,) = batcher.submit([shade(20)])
        gone.cancel()
        await asyncio.gather(*batcher._decodes)
        for _ in range(9):  # turns in which it is taken out
            await asyncio.sleep(0)
        await asyncio.gather(*batcher.submit([shade(220)]))

    batched(package, use)
    assert package.batches == [1]


def test_submit__cancelled_samples_are_left_out(package, shade, monkeypatch):
    """Nobody waits for them any more: they free their place and the model does not see them."""
    waits, go_on = held(package, monkeypatch)

    async def use(batcher: Batcher) -> None:
        first = batcher.submit([shade(1)])
        await asyncio.to_thread(waits.wait, 30)
        gone, stays = batcher.submit([shade(2)]), batcher.submit([shade(3)])
        gone[0].cancel()
        await asyncio.sleep(0)
        assert batcher.pending == 2
        go_on.set()
        await asyncio.gather(*first, *stays)

    batched(package, use)
    assert package.batches == [1, 1]


def test_drain__answers_what_was_taken_in(package, shade, monkeypatch):
    """Nothing is dropped, and nothing new is taken in."""
    waits, go_on = held(package, monkeypatch)

    async def use(batcher: Batcher) -> None:
        answers = batcher.submit([shade(level) for level in range(100)])
        await asyncio.to_thread(waits.wait, 30)
        end = asyncio.create_task(batcher.drain())
        await asyncio.sleep(0)
        with pytest.raises(ServingError, match="not served any more"):
            batcher.submit([shade(1)])
        assert not end.done()
        go_on.set()
        await end
        assert [answer.result().facts["brightness"] for answer in answers] == list(range(100))

    batched(package, use)


def test_submit__size_and_mode_of_the_file(package, shade):
    """Beside what the model saw, the log gets to know what the file was."""

    async def use(batcher: Batcher) -> None:
        (found,) = await asyncio.gather(*batcher.submit([shade(10, side=40)]))
        assert {name: found.facts[name] for name in ("width", "height", "channels")} == {
            "width": 40, "height": 40, "channels": 3
        }  # fmt: skip
        assert found.facts["brightness"] == 10

    batched(package, use)
