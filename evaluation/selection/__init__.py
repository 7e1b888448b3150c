"""Choosing before the gate: backbones by frozen features, recipes by the validation split."""
