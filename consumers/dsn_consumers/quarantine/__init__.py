"""Quarantine for those who work it off: classes, masked browsing, retries and what is given up."""
