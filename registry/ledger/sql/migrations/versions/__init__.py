"""The migrations in order; each stays as it is once it was released."""
