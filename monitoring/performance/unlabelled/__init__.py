"""Harm without labels: an estimate by confidence, corrected where the truth is known, and whether it can be trusted."""
