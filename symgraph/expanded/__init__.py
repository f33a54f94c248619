"""A gradient written out on request: paths with their products, tables of f and g."""
