"""The page's files and the card, as they are sent."""

import re
from pathlib import Path

from registry.errors import PackageError

PAGE = Path(__file__).parents[4] / "serving" / "http" / "page"


def test_page__is_sent_whole(tiny):
    """HTML, script and style of the package, each with its type."""
    client = tiny()
    kinds = {
        "index.html": "text/html",
        "page.js": "text/javascript",
        "page.css": "text/css",
        "page.svg": "image/svg+xml",
    }
    for name, kind in kinds.items():
        path = "/" if name == "index.html" else f"/{name}"
        found = client.get(path)
        assert (found.content, found.headers["content-type"].partition(";")[0]) == ((PAGE / name).read_bytes(), kind)


def test_page__has_nothing_inline_and_nothing_from_elsewhere():
    """What its policy would forbid does not stand in it."""
    text = (PAGE / "index.html").read_text()
    assert not re.search(r"<style|\bstyle=|\bon\w+=|https?:|<script(?! src)", text)
    assert "http" not in (PAGE / "page.css").read_text() + (PAGE / "page.js").read_text()
    assert not re.search(r"localStorage|sessionStorage|cookie", (PAGE / "page.js").read_text())


def test_card__of_what_answers(tiny, package, monkeypatch):
    """Its own words as Markdown; a card that was altered is not shown."""
    client = tiny()
    found = client.get("/v1/photos/card")
    assert (found.text.splitlines()[0], found.headers["content-type"]) == ("# Shades", "text/markdown; charset=utf-8")
    assert client.get("/v1/other/card").status_code == 503

    def altered(_: str) -> bytes:
        raise PackageError("altered")

    monkeypatch.setattr(package, "content", altered)
    gone = client.get("/v1/photos/card")
    assert (gone.status_code, gone.json()["detail"]) == (404, "the card of version 3 is gone or was altered")
