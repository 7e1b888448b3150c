"""Sources, manifest, expectations, splits, transforms, shards and the feature cache."""
