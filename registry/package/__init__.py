"""From a fit to a folder without pickle, and back to a model that predicts."""
