"""The commands of the service and of what it answers."""
