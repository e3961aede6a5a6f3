"""What the upload queue and its consumer agree on."""

# Deliveries of a message before it is in the dead-letter queue.
MAX_RECEIVE_COUNT = 5
