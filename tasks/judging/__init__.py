"""Tasks that judge a version and put it into production."""
