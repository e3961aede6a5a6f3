"""From folders of pictures to batches: listing, splitting, decoding, augmenting."""
