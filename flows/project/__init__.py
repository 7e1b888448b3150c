"""The files of a new project, as `regraft init` writes them."""
