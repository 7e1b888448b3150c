"""From bytes to answers: samples of many requests are decoded side by side and go through the model in batches."""
