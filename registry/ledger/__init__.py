"""The truth in SQL: promotions and rollbacks in a hash chain, and every use of a test set."""
