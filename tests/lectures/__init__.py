"""The lectures: what they print and the numbers they have."""
