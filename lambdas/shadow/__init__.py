"""A version looks at pictures that another one has answered; nobody waits for it."""
