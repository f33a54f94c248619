"""What every proof of printed lines needs, and the proof of the lines of paths."""
