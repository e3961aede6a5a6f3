"""What a model answers about an image. Imports models and images."""
