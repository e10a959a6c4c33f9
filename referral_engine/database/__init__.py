"""Django's own PostgreSQL backend, which asks less often whether a connection still lives."""
