"""The scripts that made the data are no tests, and need packages that the tests do without."""

collect_ignore = ["make_digits.py", "make_references.py"]
