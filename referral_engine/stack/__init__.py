"""PostgreSQL and Valkey from the installed wheels, run as children of one parent process."""
