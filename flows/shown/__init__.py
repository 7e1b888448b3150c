"""What people are shown of a project; nothing is changed by a look."""
