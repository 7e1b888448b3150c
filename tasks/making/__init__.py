"""Tasks that make data and versions."""
