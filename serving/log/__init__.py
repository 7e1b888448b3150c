"""What was answered: Parquet that knows what was seen, said and by which version."""
