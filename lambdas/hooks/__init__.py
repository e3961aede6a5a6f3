"""Webhooks: each event that waits in the queue is sent to its receiver, signed."""
