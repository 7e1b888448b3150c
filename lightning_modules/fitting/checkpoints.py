"""Checkpoints that are written whole or not at all, beside the place that they take."""

import io
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.io import TorchCheckpointIO

from data.stores.atomic import atomic_path


class AtomicCheckpoints(TorchCheckpointIO):
    """Lightning's own come from the folder for temporary files, from where a move to another disk is a copy."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: "str | Path", storage_options: Any = None) -> None:
        """Writes a checkpoint.

        Raises:
            StorageError: the disk refused it; the one before is as it was.
        """
        # Torch's own writer has no clear error of a full disk.
        content = io.BytesIO()
        torch.save(checkpoint, content)
        with atomic_path(Path(path)) as temporary:
            temporary.write_bytes(content.getbuffer())
