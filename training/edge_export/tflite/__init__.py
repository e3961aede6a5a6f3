"""A served ONNX graph as a TFLite file: the same int8 weights, scales and zero points."""
