"""The styles of recurrent nets: cell, timeline, rolled, modes."""
