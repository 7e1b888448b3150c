"""The commands that compare and show versions."""
