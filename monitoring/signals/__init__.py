"""What may tell of drift, one signal a file, each judged by its calibrated null."""
