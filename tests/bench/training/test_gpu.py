"""The check of the GPU engine, as far as a machine without a GPU can tell."""

import pytest
import torch
from click.testing import CliRunner

from bench.errors import BenchError
from bench.training.gpu import SETTINGS, main, section


def test_section__every_precision():
    """A measured setting has its numbers in the order of the head; the others were not run."""
    values = {"images_per_second": 1234.5, "utilisation": 87.65, "val_loss": 0.4321}
    lines = section({"bf16": {"values": values, "peak_mb": 2048.0}}).splitlines()
    assert "| bf16 | 1234 | 87.7 | 0.432 | 2048 |" in lines
    assert sum("not run" in line for line in lines) == len(SETTINGS) - 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.usefixtures("project")
def test_main__no_gpu():
    """Nothing is measured on the CPU by mistake."""
    found = CliRunner().invoke(main, [])
    assert isinstance(found.exception, BenchError)
    assert "torch sees no GPU" in str(found.exception)
