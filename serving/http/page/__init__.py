"""The page at `/`: a person drops a picture and sees what the model says of it, which version it is, and its card."""
