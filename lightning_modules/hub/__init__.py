"""Pretrained backbones with checked weights: which there are, and how a weight file is read."""
