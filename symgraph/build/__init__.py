"""The user functions: expressions of the primitives, without derivative rules of their own."""
