"""Are two records one person? Pure: what is known of two records in, a reasoned answer out.

A record's demographics become `features` (normalised, compact, kept per record), features become
`blocking` keys (who meets whom), two features become `levels` per field, levels become bits
(`weights`), and `gates` say what may be decided without a person. `compare` is the way through.
Nothing here reads a clock, a file after loading, or another record: the answer for a pair depends
on the pair and on the version of the weights alone.
"""
