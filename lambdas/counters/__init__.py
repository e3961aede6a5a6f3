"""The predictions table's stream: what was recorded is counted, once."""
