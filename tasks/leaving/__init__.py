"""Tasks that let data and domains go."""
