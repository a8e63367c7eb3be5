"""Runs the benchmark: what is measured, how it is run, what came out, and how two outcomes compare."""
