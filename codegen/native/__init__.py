"""The native target: a graph as C, built once into a cache and run by one small extension."""
