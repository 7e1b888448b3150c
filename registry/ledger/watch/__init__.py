"""What the watch over a domain found and owes, and what people have said to it."""
