"""One file per command of ``dsn``: ``register(app)`` adds it, heavy imports stay in functions."""
