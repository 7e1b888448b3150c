"""What follows from a check of a domain's traffic: it is decided, written down, started, and people are told."""
