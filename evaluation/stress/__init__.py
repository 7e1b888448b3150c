"""How predictions take disturbed samples."""
