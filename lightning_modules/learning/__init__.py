"""One training step: the module that learns, its optimizer and its penalties."""
