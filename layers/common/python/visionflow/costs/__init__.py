"""What predictions cost, estimated. Imports insights, predictions and images."""
