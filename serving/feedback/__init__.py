"""Labels that come back: kept with their history, and put beside the predictions that they are about."""
