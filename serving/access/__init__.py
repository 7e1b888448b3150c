"""Access: who may ask what of the service, and from where."""
