"""Model versions: artifacts, the gate, what serves and how it moves. Imports images."""
