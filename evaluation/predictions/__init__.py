"""What a model said of a set of samples, how it is stored, and its score."""
