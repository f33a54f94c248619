"""Training steps that are measured against other systems, one family a module."""
