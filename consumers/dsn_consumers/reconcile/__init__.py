"""Journal, view and store held against each other, by a fold that shares no code with the stages.

``journal`` folds what establishments said, ``compare`` names what the view and the store say else,
``whole`` does it for everything, ``sampling`` for a few changes at a time, ``repair`` mends the
store from the view. What a difference is called never holds patient data.
"""
