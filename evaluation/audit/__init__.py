"""What is wrong with the data: near-duplicates, wrong labels, planted samples, on one page."""
