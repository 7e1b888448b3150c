"""Why a model answered so: where it looked. Torch is needed for that, which the service itself does not load."""
