"""What is kept of a domain's data, and how safely: manifest, shards, feature cache, versions, locks."""
