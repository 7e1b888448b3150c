"""What a network knows: transferability, forgetting, saliency, adversarial images."""
