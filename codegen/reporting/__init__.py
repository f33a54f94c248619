"""What became of a program: its operations, memory, products, loops, and a picture of them."""
