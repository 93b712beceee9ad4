"""The demonstration: a synthetic population of Quebec, its hospitals' messages, and ``dsn demo``.

Nobody here exists. Everything is made from one fixed seed, so that the shipped messages, the truth
beside them and the figures a newcomer sees are the same everywhere.
"""
