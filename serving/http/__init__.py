"""HTTP: what the network sees of the service."""
