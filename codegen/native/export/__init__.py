"""Programs that run without this package: one .pyx file, or a folder for ``pip install``."""
