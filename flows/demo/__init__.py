"""The whole loop on real solar cells, told step by step."""
