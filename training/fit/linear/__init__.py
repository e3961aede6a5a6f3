"""Linear models on features of a frozen network, fitted to their optimum."""
