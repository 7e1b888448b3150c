"""Backbones, heads, recipes, data modules and the fit entry point."""
