"""Derivations: the steps of a gradient, each with its rule, and the result in textbook notation."""
