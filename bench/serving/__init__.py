"""What the service takes and bears, beside others."""
