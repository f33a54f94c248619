"""Writers: a scene to the bytes of a file; they never lay out."""
