"""Drift statistics with calibrated nulls, the Evidently report and the retrain controller."""
