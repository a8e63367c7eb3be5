"""Many runs side by side: scores, ranks and reference rows."""
