"""A database and an object store of a project's own, where SQLite and folders do not suffice and none is at hand."""
