"""What a run's record says of its graders."""

from pathlib import Path

import pytest

from benchmark.provenance import grader_sha256


@pytest.mark.parametrize(
    ("changed", "grades"),
    [
        ("scoring/numeric.py", True),
        ("esg_risk/task.py", True),
        ("esg_risk/reading.py", True),
        ("calculation/formulas/bonds.py", True),
        ("esg_risk/generator.py", False),
        ("esg_risk/verify.py", False),
        ("authoring/russian.py", False),
    ],
)
def test_whatever_may_grade_is_in_the_graders_hash(tmp_path: Path, changed: str, grades: bool):
    path = tmp_path / changed
    path.parent.mkdir(parents=True)
    path.write_text("first = 1\n", encoding="utf-8")
    before = grader_sha256(tmp_path)
    path.write_text("first = 22\n", encoding="utf-8")
    assert (grader_sha256(tmp_path) != before) == grades
