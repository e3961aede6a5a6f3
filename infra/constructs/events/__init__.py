"""Events out: the stage's bus, what fills it, and the hooks that listen to it."""
