"""What is done to an ONNX graph: writing, rewriting, quantizing it."""
