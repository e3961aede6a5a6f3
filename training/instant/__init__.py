"""A head of one's own on the starter's trunk: trained without a gradient through the trunk."""
