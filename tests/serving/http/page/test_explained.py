"""Where the model looked, over HTTP."""

import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

EXPLAIN = "/v1/photos/explain"


@pytest.fixture
def explains(monkeypatch):
    """The settings say that images are explained."""
    monkeypatch.setenv("REGRAFT_SERVING__EXPLAIN", "true")


def test_explain__off_by_default(tiny, shade):
    """It says how it is turned on, and the model says that it is not."""
    client = tiny()
    found = client.post(EXPLAIN, content=shade(9))
    assert (found.status_code, found.json()["detail"][:25]) == (404, "nothing is explained here")
    assert client.get("/v1/photos/model").json()["explains"] is False


def test_explain__by_the_version_that_answered(explains, real_server, shade):
    """A PNG, with version and method; another version is not here."""
    client = httpx.Client(base_url=f"http://127.0.0.1:{real_server()}", timeout=120)
    assert client.get("/v1/photos/model").json()["explains"] is True
    for version in ("", "?version=1"):
        found = client.post(EXPLAIN + version, content=shade(200))
        assert (found.status_code, found.headers["content-type"]) == (200, "image/png")
        assert found.content.startswith(b"\x89PNG")
        assert found.headers["regraft-version"] == "1"
        assert found.headers["regraft-method"] in {"Grad-CAM", "integrated gradients"}
    gone = client.post(f"{EXPLAIN}?version=2", content=shade(200))
    assert (gone.status_code, "version 2 does not answer" in gone.text) == (404, True)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl is installed")
def test_explain__as_the_page_writes_it(explains, real_server, shade, tmp_path):
    """The command of docs/serving.md leaves a picture."""
    page = (Path(__file__).parents[4] / "docs" / "serving.md").read_text()
    (line,) = [line for line in page.splitlines() if line.startswith("curl") and "/explain" in line]
    (tmp_path / "cell.png").write_bytes(shade(200))
    typed = line.replace("8000", str(real_server())).replace("solar", "photos").replace("version=3", "version=1")
    subprocess.run(["bash", "-c", typed], cwd=tmp_path, check=True, timeout=120)
    assert (tmp_path / "heat.png").read_bytes().startswith(b"\x89PNG")


def test_explain__wrong_images(explains, tiny, shade):
    """Several at once are refused before anything starts."""
    found = tiny().post(EXPLAIN, files=[("files", shade(9))] * 2)
    assert (found.status_code, found.json()["detail"]) == (422, "2 images; one is explained at a time")


def test_explain__no_image(explains, real_server):
    """The line is that of a prediction."""
    found = httpx.post(f"http://127.0.0.1:{real_server()}{EXPLAIN}", content=b"no picture", timeout=120)
    assert (found.status_code, "not an image" in found.json()["detail"]) == (422, True)
