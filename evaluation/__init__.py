"""How good a model is, how sure that is, and what is wrong with its data."""
