"""From a folder of pictures to a proven int8 model."""
