"""Transfer learning: from checked pretrained weights to a fitted network."""
