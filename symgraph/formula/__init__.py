"""The text language: formulas as a textbook writes them, read into nodes; nothing is executed."""
