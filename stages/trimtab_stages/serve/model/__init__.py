"""Loading, checking and running ONNX graphs."""
