"""What a sample is: how its bytes become an array, and the facts that validation asks for."""
