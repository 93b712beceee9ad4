"""The whole path in one thread and one seed: production loops over a simulated outside.

What decides is the shipped code: the outbox (`taking`, `sending`), the forwarder's session, the
three stages in their lanes, the pump with the store's and the audit's sinks. What is simulated is
what they stand on: broker, PostgreSQL, disks, network, clock, and the processes themselves, which
may die or freeze at any of their numbered steps. ``plan`` makes a run from a seed, ``world`` runs
it, ``judge`` asks `dsn_deploy.proof` whether it was right, ``shrink`` makes a failing one small.
"""
