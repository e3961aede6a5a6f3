"""From folders of images to batches: listing, splitting, decoding, augmenting."""
