"""The servers of a project as a crew: each is started again when it dies or falls silent, and all end together."""
