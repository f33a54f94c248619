"""The explorer: an expression as one offline page that computes, steps, and shows its paths."""
