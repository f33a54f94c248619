"""Graphs as ONNX models, for other programs to run."""
