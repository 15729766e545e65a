"""Writes the served graph by hand: preprocessing and network in one ONNX file, proven equal."""
