"""What a command's process must find before it starts, and leaves behind."""
