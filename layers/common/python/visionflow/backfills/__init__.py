"""Images that are in a bucket already: what is classified, in which chunks, at what price."""
