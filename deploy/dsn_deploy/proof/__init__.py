"""Is the centre right? An outsider's answer from the evidence, sharing no code with the stages.

Whoever made the evidence (the simulation, real processes under faults, an acceptance test), the
same invariants are asked of it. ``fold`` says from all changes at once what must be shown,
``evidence`` is what is collected, ``invariants`` compares, ``reads`` judges every read on the way.
"""
