"""The 80 gradients of matrix calculus and learning that a derivation must print as a textbook."""
