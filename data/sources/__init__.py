"""Sources of samples, chosen by `kind`; a new one joins the union below and nothing else changes."""

from typing import TypeAlias

from data.sources.digits import DigitsSource
from data.sources.elpv import ElpvSource
from data.sources.folder import FolderSource
from data.sources.idx import IdxSource
from data.sources.table import TableSource

Source: TypeAlias = FolderSource | TableSource | ElpvSource | DigitsSource | IdxSource

__all__ = ["DigitsSource", "ElpvSource", "FolderSource", "IdxSource", "Source", "TableSource"]
