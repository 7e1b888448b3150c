"""From a domain's source to its dataset version: sources, specs, stores and stages."""
