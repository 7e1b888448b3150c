"""The process of an explanation, whatever becomes of it."""

import asyncio
import io
import time

import psutil
import pytest
from PIL import Image

from data.errors import SampleError
from registry.store.models import model_version
from serving.errors import NotExplainedError, QueueFullError, TooSlowError
from serving.explaining.asking import MODULE, Explainer


@pytest.fixture
def folder(registered):
    """The folder of a registered package."""
    return model_version("photos", registered()).folder


def asked(folder, content: bytes, seconds: float = 120.0):
    """What a process of its own says."""
    return asyncio.run(Explainer(seconds).explain(folder, content))


def explaining() -> list[psutil.Process]:
    """The processes that explain by now."""
    return [one for one in psutil.Process().children() if MODULE in one.cmdline()]


def begun() -> list[psutil.Process]:
    """The same, once there is one."""
    while not (found := explaining()):
        time.sleep(0.01)
    return found


def test_explain__a_picture(folder, shade):
    """It comes back with the name of the method, and the process is gone."""
    found = asked(folder, shade(200))
    assert Image.open(io.BytesIO(found.picture)).format == "PNG"
    assert found.method in {"Grad-CAM", "integrated gradients"}
    assert explaining() == []


def test_explain__faults(folder, caplog):
    """What is no image is told as that; what is the package's fault stands in the log alone."""
    with pytest.raises(SampleError, match="not an image"):
        asked(folder, b"no picture")
    (folder / "weights.safetensors").write_bytes(b"other")
    with pytest.raises(NotExplainedError, match="the service's log says why"):
        asked(folder, b"")
    assert "weights.safetensors" in caplog.text


def test_explain__too_slow(folder, shade):
    """Nothing is left of the process."""
    with pytest.raises(TooSlowError, match="no explanation within 0.01 s"):
        asked(folder, shade(200), 0.01)
    assert explaining() == []


def test_explain__killed_and_one_at_a_time(folder, shade):
    """A second one is told to come back; whose process is killed is told so, and the next is explained."""

    async def use() -> None:
        explainer = Explainer(120)
        first = asyncio.create_task(explainer.explain(folder, shade(200)))
        (process,) = await asyncio.to_thread(begun)
        with pytest.raises(QueueFullError, match="another image is being explained"):
            await explainer.explain(folder, shade(200))
        process.kill()
        with pytest.raises(NotExplainedError):
            await first
        assert (await explainer.explain(folder, shade(200))).method

    asyncio.run(use())
