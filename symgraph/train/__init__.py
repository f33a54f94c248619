"""Training: optimizers as expressions, data, the loop, history, start values, saved parameters."""
