"""Harm by the labels that came back, late and not for all."""
