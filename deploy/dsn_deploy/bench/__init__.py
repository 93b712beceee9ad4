"""``dsn bench``: how fast it is, and what it costs.

One module for each command: ``end_to_end`` is the whole path on servers and services of its own.
``system`` starts and stops those, ``usage`` counts CPU and memory by process, ``load`` makes the
changes, ``figures`` has what every command reports alike.
"""
