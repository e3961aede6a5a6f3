"""What predictions cost, estimated. Imports predictions and images for sizes and limits."""
