"""Says before a start what would go wrong, where, and what to do: ``dsn check``."""
