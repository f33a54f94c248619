"""Every system of the lectures, ready to derive, draw, compile and train."""
