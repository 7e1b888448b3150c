"""The page in a real browser: headless Chromium, driven as a person would."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from serving.access.keys import Role, add_key

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed")
DROP = """async ([name, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
  for (const kind of ["dragover", "drop"])
    document.getElementById("drop").dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true }));
}"""


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of a browser that reaches nothing but this machine; whatever it complains of fails the test."""
    complaints: list[str] = []
    with sync_playwright() as driver:
        quiet = ["--disable-gpu", "--disable-background-networking"]
        browser = driver.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=False, args=quiet)
        opened = browser.new_page(viewport={"width": 900, "height": 900})
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("console", lambda said: complaints.append(said.text) if "Security" in said.text else None)
        opened.on("request", lambda one: complaints.append(one.url) if "//127.0.0.1:" not in one.url else None)
        opened.complaints = complaints
        yield opened
        browser.close()


def chosen(page: Page, folder: Path, content: bytes) -> None:
    """Chooses a file of that content."""
    (folder / "chosen.png").write_bytes(content)
    page.set_input_files("#file", folder / "chosen.png")


def test_page__choose_and_see(page, tiny_server, shade, tmp_path):
    """Label, a bar a class by its probability, the version, the id, and the card in its own words."""
    page.goto(f"http://127.0.0.1:{tiny_server()}/")
    expect(page.locator("#domain option")).to_have_text(["photos", "other"])
    chosen(page, tmp_path, shade(230))
    expect(page.locator("#label")).to_have_text("bright")
    expect(page.locator("#probabilities th")).to_have_text(["bright", "dark"])
    shares = page.locator("meter").evaluate_all("all => all.map(one => one.value)")
    assert shares[0] > 0.9
    assert sum(shares) == pytest.approx(1)
    expect(page.locator("#version")).to_have_text("3")
    assert len(page.locator("#id").inner_text()) >= 32
    expect(page.locator("#why")).to_be_hidden()
    assert page.locator("#picture").evaluate("one => one.naturalWidth") == 10
    page.click("#card")
    expect(page.locator("#words")).to_contain_text("# Shades")
    assert page.complaints == []
    page.screenshot(path=tmp_path / "page.png")


def test_page__drop(page, tiny_server, shade, tmp_path):
    """An image that is dropped is asked about as one that is chosen; the next replaces the answer."""
    page.goto(f"http://127.0.0.1:{tiny_server()}/")
    expect(page.locator("#domain option")).to_have_count(2)
    page.evaluate(DROP, ["a.png", list(shade(10))])
    expect(page.locator("#label")).to_have_text("dark")
    page.evaluate(DROP, ["b.png", list(shade(240))])
    expect(page.locator("#label")).to_have_text("bright")
    assert page.complaints == []


def test_page__faults_are_told(page, tiny_server, tmp_path, shade):
    """What is no image, and a domain without a model: the service's own line, and no stale answer."""
    page.goto(f"http://127.0.0.1:{tiny_server()}/")
    chosen(page, tmp_path, shade(10))
    expect(page.locator("#answer")).to_be_visible()
    chosen(page, tmp_path, b"no picture")
    expect(page.locator("#fault")).to_contain_text("not an image")
    expect(page.locator("#answer")).to_be_hidden()
    page.select_option("#domain", "other")
    chosen(page, tmp_path, shade(11))
    expect(page.locator("#fault")).to_contain_text("nothing is in production yet")


def test_page__abstains(page, tiny_server, tiny_app, shade, tmp_path):
    """No class stands there, and the probabilities do."""
    page.goto(f"http://127.0.0.1:{tiny_server()}/")
    tiny_app.made.state.service.slots["photos"].threshold.below = 0.9
    chosen(page, tmp_path, shade(100))
    expect(page.locator("#label")).to_have_text("No answer: no class is likely enough")
    expect(page.locator("#probabilities th")).to_have_count(2)


def test_page__key(page, tiny_server, home, shade, tmp_path):
    """Without a key it says what is missing; with one it answers, and nothing of it is kept."""
    key = add_key(home / "keys.json", "person", [Role.PREDICT])
    address = f"http://127.0.0.1:{tiny_server()}/"
    page.goto(address)
    chosen(page, tmp_path, shade(10))
    expect(page.locator("#fault")).to_contain_text("no key, or none of this service's")
    page.fill("#key", key)
    chosen(page, tmp_path, shade(10))
    expect(page.locator("#label")).to_have_text("dark")
    page.click("#card")
    expect(page.locator("#words")).to_contain_text("# Shades")
    assert page.evaluate("localStorage.length + sessionStorage.length + document.cookie.length") == 0
    page.reload()
    expect(page.locator("#key")).to_have_value("")


def test_page__where_it_looked(page, real_server, shade, tmp_path, monkeypatch):
    """A button shows heat on the image; without the setting there is no button, and the next image has no old heat."""
    monkeypatch.setenv("REGRAFT_SERVING__EXPLAIN", "true")
    page.goto(f"http://127.0.0.1:{real_server()}/")
    expect(page.locator("#why")).to_be_hidden()
    chosen(page, tmp_path, shade(200))
    page.click("#why")
    expect(page.locator("#method")).to_contain_text("red is where evidence came from", timeout=60_000)
    assert page.locator("#picture").evaluate("one => one.naturalWidth") >= 256
    page.screenshot(path=tmp_path / "heat.png")
    chosen(page, tmp_path, shade(30))
    expect(page.locator("#method")).to_be_empty()
    assert page.complaints == []
