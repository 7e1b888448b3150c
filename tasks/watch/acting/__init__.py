"""What follows from a check: decided and written down first, then started, answered by people, and told to them."""
