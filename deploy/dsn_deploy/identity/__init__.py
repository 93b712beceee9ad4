"""Measuring and training who-is-who on records in files: what ``dsn identity`` does.

Everything goes through the code that decides in production, `dsn_streams.matching` and
`dsn_streams.grouping`; nothing is decided here.
"""
