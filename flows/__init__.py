"""Prefect flows, one verb a file, and the command line."""
