"""Metrics with intervals, slices, paired tests and figures; pure functions of predictions."""
