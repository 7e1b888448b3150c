"""README and docs: every command in them exists with its options, every link leads somewhere."""

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from flows.cli import COMMANDS, regraft

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands() -> list[str]:
    """Every `regraft …` line of a console block."""
    blocks = [block for page in PAGES for block in re.findall(r"```console\n(.*?)```", page.read_text(), re.DOTALL)]
    return sorted({line for block in blocks for line in block.splitlines() if line.startswith("regraft ")})


@pytest.mark.parametrize("line", commands())
def test_pages__commands_parse(line: str) -> None:
    """A command line of the docs names a command and options that there are."""
    name, *arguments = shlex.split(line)[1:]
    group = click.Context(regraft)
    command = regraft.get_command(group, name)
    assert command is not None
    command.make_context(name, arguments, parent=group)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages__links_lead_somewhere(page: Path) -> None:
    """Every relative link and picture is a file."""
    links = re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages__files_of_the_project_exist(page: Path) -> None:
    """A file of the code that a page names is where the page says."""
    rooms = "|".join(sorted(path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()))
    named = re.findall(rf"`((?:{rooms})/[\w./-]+\.(?:py|yaml))`", page.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_commands__are_all_told() -> None:
    """No command is missing from README and docs."""
    text = "".join(page.read_text() for page in PAGES)
    assert [name for name in COMMANDS if not re.search(rf"regraft {name}|`{name}`|make {name}", text)] == []


def test_make__hands_torch_to_uv() -> None:
    """`TORCH=cpu` reaches uv; without it uv is left to choose."""
    told = ["make", "--dry-run", "--always-make", "--directory", str(ROOT), ".venv"]
    runs = [subprocess.run([*told, *more], capture_output=True, text=True, check=True) for more in (["TORCH=cpu"], [])]
    assert ["--torch-backend cpu" in run.stdout for run in runs] == [True, False]
    assert "--torch-backend" not in runs[1].stdout


def test_make__has_the_targets_of_the_pages() -> None:
    """Every `make …` of the pages is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = set(re.findall(r"`?make ([a-z-]+)", "".join(page.read_text() for page in PAGES)))
    assert told <= targets
