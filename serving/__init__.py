"""The prediction path: the champion package scores files and logs what it saw."""
