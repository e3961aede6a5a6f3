"""Who may do what: roles, callers and their scopes."""
