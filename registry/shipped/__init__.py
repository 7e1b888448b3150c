"""Source that travels inside every MLflow model to machines without Regraft; it imports nothing of it."""
