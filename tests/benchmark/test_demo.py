"""The demo's steps in order, with the model's work left out: what it prints, and how it goes on when stopped."""

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark import demo
from benchmark.cli import app
from benchmark.run import RunOptions
from benchmark.system import SystemSpec
from tests.reports.fixture import Shape, write_run

SHAPE = Shape(tasks=2, documents=6, limit=6)


class Work:
    """Stands for scoring and training: notes what was asked, leaves what is there as it is, as the real ones do."""

    def __init__(self) -> None:
        self.asked: list[tuple[SystemSpec, Path, RunOptions]] = []
        self.done: list[str] = []
        self.interrupted = False

    def run(self, spec: SystemSpec, output: Path, options: RunOptions) -> Path:
        self.asked.append((spec, output, options))
        if output.exists():
            return output
        self.done.append(output.name)
        named = replace(SHAPE, seed=len(self.done), name=output.name, adapter=spec.adapter)
        system = {"pretrained": "embedded", "num_fewshot": spec.num_fewshot, "adapter": spec.adapter}
        return write_run(output, replace(named, changes={"system": system}))

    def finetune(self, output: Path) -> Path:
        if self.interrupted:
            raise KeyboardInterrupt
        if not output.exists():
            self.done.append(output.name)
            output.mkdir()
        return output


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    work = Work()
    monkeypatch.setattr(demo.embedded, "checkpoint", Path)
    monkeypatch.setattr(demo, "run", work.run)
    monkeypatch.setattr(demo, "_finetune", work.finetune)
    monkeypatch.setenv("COLUMNS", "60")  # a narrow terminal: paths are longer than a line
    return work


def test_it_scores_trains_scores_again_and_says_where_the_pages_are(work: Work, tmp_path: Path):
    output = tmp_path / "[bold] a long way down" / ("deep" * 20)
    done = CliRunner().invoke(app, ["demo", "--output", str(output), "--limit", "6"])
    assert done.exit_code == 0, done.output
    assert work.done == ["baseline", "fewshot", "adapter", "finetuned"]
    assert [spec.num_fewshot for spec, *_ in work.asked] == [None, demo.FEWSHOT, None]
    assert [spec.adapter for spec, *_ in work.asked] == [None, None, str(output / "adapter")]
    assert {options for *_, options in work.asked} == {RunOptions(limit=6, max_gen_toks=demo.MAX_GEN_TOKS)}
    lines = done.stdout.splitlines()
    assert lines[-1] == str(output / "site" / "index.html")
    assert {"baseline → finetuned", "fewshot → finetuned"} <= set(lines)
    pages = {path.name for path in (output / "site").glob("*--*.html")}
    assert pages == {"baseline--finetuned.html", "fewshot--finetuned.html"}


def test_a_stopped_demo_goes_on_where_it_was(work: Work, tmp_path: Path):
    work.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        demo.run_demo(tmp_path, limit=6)
    assert not (tmp_path / "site").exists()
    stopped, work.interrupted = list(work.asked), False
    work.asked.clear()
    assert demo.run_demo(tmp_path, limit=6).exists()
    assert work.asked[:2] == stopped  # the same systems into the same places, so what is there counts
    assert work.done == ["baseline", "fewshot", "adapter", "finetuned"]
