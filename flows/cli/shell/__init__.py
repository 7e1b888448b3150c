"""How every command behaves: what it prints, how it ends, what it starts."""
