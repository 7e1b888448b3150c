"""A challenger that answers a share of requests until there is evidence: who answers, what it shows, how it ends."""
