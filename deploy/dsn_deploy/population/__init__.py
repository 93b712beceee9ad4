"""A synthetic population of Quebec, as large as one likes: who lives there and what sites write of them.

Nobody in it exists: names are drawn from frequencies set by hand, everything else from one seeded
generator. The truth (who is who) is known, so that linkage can be measured at the scale of a
province. ``records.py`` is where to begin.
"""
