"""The styles of layered and convolutional nets: layers, maps, window, blocks, bipartite."""
