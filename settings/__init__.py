"""Machine settings, the strict config base and the error base: what every room may import."""
