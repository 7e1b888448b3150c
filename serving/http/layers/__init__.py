"""What every request goes through: the edge, which tells of it, and inside it the guard, which lets it through."""
