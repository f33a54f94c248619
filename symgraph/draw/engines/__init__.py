"""Layout engines: sizes and edges to places; free of LaTeX and of files."""
