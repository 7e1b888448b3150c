"""The verbs of a domain's data, each runnable by itself: ingest, validate, split, preprocess, refresh."""
