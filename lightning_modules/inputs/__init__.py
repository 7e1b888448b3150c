"""What a network is fed: batches of augmented samples or of cached activations."""
