"""A version looks at images that another one has answered; nobody waits for it."""
