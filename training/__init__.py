"""From a folder of images to a proven int8 model."""
