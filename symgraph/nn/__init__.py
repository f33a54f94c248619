"""Layers and metrics, as expressions."""
