"""The texts of the family, one module a split: no wording is shared, so that a test item is not a learnt phrase.

Each module has the same tables: `PROMPTS` (where the profile stands in the task), `FIELDS` (clauses of a profile),
`NOISE` (true but irrelevant details), `FACTS` (what the analysis says), `ADVICE` and `TERMS`. Clauses begin in lower
case and have no final stop; the generator joins them into sentences or lists. Placeholders take the nominative;
`{5-12}` in a detail is a number drawn from that range.
"""
