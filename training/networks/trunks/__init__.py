"""The trunks: what computes the feature map, in named stages from the pixels up."""
