"""Labels that come back: filed as they come, never changed, joined with the predictions that they speak of."""
