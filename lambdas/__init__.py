"""The functions behind the API and the queue: handlers decode, services decide."""
