"""Broken data: what is wrong upstream of the model, one sign a file; a person mends it, no retrain can."""
