"""The commands of a domain's data."""
