"""How fast, how accurate and how expensive training is, beside peers."""
