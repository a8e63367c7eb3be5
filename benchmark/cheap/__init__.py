"""Cheap systems: what a family's headline is worth to someone who reads nothing.

Each answers every item of a family's test split and is graded by the family's own `process_results`. A headline that
one of them gets to 60% would measure the trick, not the skill.
"""
