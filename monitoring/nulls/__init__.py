"""Null windows: what a window looks like while nothing has changed, drawn from the reference as traffic comes."""
