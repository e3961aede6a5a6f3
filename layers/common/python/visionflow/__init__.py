"""What training, the Lambdas and the infrastructure share: one image path, one artifact format."""
