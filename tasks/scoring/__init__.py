"""Graders: pure functions from an answer and its gold to a typed verdict. None of them needs torch."""
