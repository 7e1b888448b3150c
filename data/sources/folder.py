"""A folder with one subfolder a class, or with train, val and test folders of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from data.errors import SourceError
from data.naming import ClassNames, split_name
from data.sources.sample import Sample, SourceConfig, file_stamp, local_path, read_file
from data.sources.tree import Tree


class FolderSource(SourceConfig):
    """`path/CLASS/any/depth/file` or `path/SPLIT/CLASS/…`; hidden and system files are no samples."""

    kind: Literal["folder"]
    path: str = Field(description="the folder; relative to the project root or absolute")

    def samples(self, root: Path, task: str) -> Iterator[Sample]:
        """Every sample below a class folder, in the order of the paths.

        Raises:
            SourceError: there is no such folder, or two classes differ only in case or space.
        """
        names = ClassNames()
        files = self._tree(root).samples
        given = _holds_splits(files)
        for file in files:
            split = split_name(file.parts[0]) if given else None
            if len(file.parts) > 1 + given:
                yield Sample(_storable(file), {task: names(file.parts[int(given)])}, split=split)

    def notices(self, root: Path) -> list[str]:
        """What of the folder is left out, and why."""
        tree = self._tree(root)
        given = _holds_splits(tree.samples)
        place = "a split folder" if given else "the folder itself"
        if not (loose := sum(len(file.parts) == 1 + given for file in tree.samples)):
            return tree.notices()
        return [f"{loose} files lie in {place}, below no class, and are left out", *tree.notices()]

    def stamp(self, root: Path, path: str) -> str:
        """Size and modification time of the file."""
        return file_stamp(local_path(root, self.path) / path)

    def read(self, root: Path, path: str) -> bytes:
        """Bytes of the file."""
        return read_file(local_path(root, self.path) / path)

    def _tree(self, root: Path) -> Tree:
        base = local_path(root, self.path)
        if not base.is_dir():
            raise SourceError(
                f"source.path {base} is not a folder; correct it, one subfolder a class is expected in it"
            )
        return Tree(base)


def _holds_splits(files: list[Path]) -> bool:
    """Whether the first folders are train, val and test, and classes lie below them.

    Raises:
        SourceError: another folder lies beside them, so that nobody can tell splits from classes.
    """
    deep = {file.parts[0] for file in files if len(file.parts) > 2}
    named = {name for name in deep if split_name(name)}
    others = {file.parts[0] for file in files if len(file.parts) > 1 and not split_name(file.parts[0])}
    splits = {split_name(name) for name in named}
    if "train" in splits and len(splits) > 1 and others:
        told = ", ".join(sorted(named))
        raise SourceError(f"{told} look like splits, but {min(others)!r} lies beside them; move it away or rename them")
    return "train" in splits and not others


def _storable(path: Path) -> str:
    """The path as text that Parquet takes; Linux allows names that are no text at all."""
    try:
        return path.as_posix().encode("utf-8").decode("utf-8")
    except UnicodeEncodeError as error:
        raise SourceError(f"the file name {path.as_posix()!r} is not UTF-8; rename the file") from error
