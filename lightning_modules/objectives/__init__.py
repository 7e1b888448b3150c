"""What a task asks of a network, one file a task kind: targets, head, loss and output."""
