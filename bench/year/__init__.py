"""A model's year in fast motion: the same traffic, retrained in several ways."""
