"""The commands of a project as a whole."""
