"""The steps of a training job, as its state machine calls them."""
