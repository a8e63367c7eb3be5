"""The benchmark's content: six families of lm-evaluation-harness tasks, their data and their graders."""

from pathlib import Path

ROOT = Path(__file__).parent
