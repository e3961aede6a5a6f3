"""From a trained network to an artifact that is proven before it may serve."""
