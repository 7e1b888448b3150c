"""How many false alarms a domain bears, and what that leaves to one check."""
