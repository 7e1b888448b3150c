"""Benchmarks: how fast, how accurate and how expensive, against named peers on the same machine."""
