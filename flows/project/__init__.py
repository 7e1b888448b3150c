"""A project's beginning, what comes into it and what leaves it."""
