"""Looks at everything now and then and says what is not as it should be: ``dsn run watch``."""

from dsn_deploy.watch.loop import main

__all__ = ["main"]
