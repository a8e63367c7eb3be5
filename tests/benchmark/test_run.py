"""A run directory: what it holds, how a run goes on, and what it refuses."""

import errno
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.engine import RowwiseHFLM
from benchmark.errors import UserError
from benchmark.run import RunOptions, run
from benchmark.storage.store import AnswerStore
from benchmark.system import SystemSpec
from tasks import ROOT

OPTIONS = RunOptions(tasks=("rufin",), limit=2, max_gen_toks=12, batch_size=4, bootstrap_iters=10)
FAMILIES = sorted(path.parent.name for path in ROOT.glob("*/*.yaml"))


@pytest.fixture(scope="module")
def finished(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(SystemSpec(str(tiny_model), dtype="float32"), tmp_path_factory.mktemp("runs") / "tiny", OPTIONS)


def headline(folder: Path) -> dict[str, dict[str, float]]:
    """Each task's numeric results, without standard errors of a random bootstrap."""
    (path,) = folder.rglob("results_*.json")
    results = json.loads(path.read_text(encoding="utf-8"))["results"]
    return {
        task: {key: value for key, value in values.items() if isinstance(value, float) and "_stderr" not in key}
        for task, values in results.items()
    }


def test_a_run_holds_stock_files_and_run_json(finished: Path):
    names = sorted(path.name.split("_2")[0] for path in finished.iterdir())
    assert names == sorted(["results", "run.json", *(f"samples_rufin_{family}" for family in FAMILIES)])
    record = json.loads((finished / "run.json").read_text(encoding="utf-8"))
    assert record["limit"] == 2
    assert record["tokens"]["generated"] > 0
    assert record["peak_memory_bytes"]["host"] > 0
    assert all(len(task["dataset_sha256"]) == 64 for task in record["tasks"].values())


def test_the_group_score_is_the_mean_of_the_families(finished: Path):
    results = headline(finished)
    parts = [values["score,none"] for name, values in results.items() if name != "rufin"]
    assert results["rufin"]["score,none"] == pytest.approx(sum(parts) / len(parts))


def test_the_stock_command_line_gives_the_same_values(finished: Path, tiny_model: Path, tmp_path: Path):
    script = shutil.which("lm_eval", path=str(Path(sys.executable).parent))
    assert script, "lm_eval is installed with the project"
    command = [
        script,
        "run",
        "--model",
        "hf",
        "--model_args",
        f"pretrained={tiny_model},dtype=float32",
        "--device",
        "cpu",
    ]
    command += ["--include_path", str(ROOT), "--tasks", "rufin", "--limit", "2", "--batch_size", "4"]
    command += ["--gen_kwargs", "max_gen_toks=12", "--output_path", str(tmp_path / "out"), "--log_samples"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=300)
    assert headline(tmp_path / "out") == headline(finished)


def test_the_results_file_tells_backend_and_chat_template(finished: Path, tiny_model: Path, tmp_path: Path):
    template = "{% for message in messages %}{{ message.content }}{% endfor %}"
    shutil.copytree(tiny_model, tmp_path / "chat")
    (tmp_path / "chat" / "chat_template.jinja").write_text(template, encoding="utf-8")
    options = RunOptions(tasks=("rufin_calculation",), limit=1, max_gen_toks=2, bootstrap_iters=0)
    chat = run(SystemSpec(str(tmp_path / "chat"), apply_chat_template=True), tmp_path / "run", options)
    told, bare = (json.loads(next(folder.glob("results_*.json")).read_text()) for folder in (chat, finished))
    assert (told["model_source"], told["chat_template"]) == ("hf", template)
    assert told["chat_template_sha"] == hashlib.sha256(template.encode()).hexdigest()
    assert bare["chat_template_sha"] is None


def test_the_same_command_again_changes_nothing(finished: Path, tiny_model: Path):
    before = {path.name: path.read_bytes() for path in finished.iterdir()}
    assert run(SystemSpec(str(tiny_model), dtype="float32"), finished, OPTIONS) == finished
    assert {path.name: path.read_bytes() for path in finished.iterdir()} == before


@pytest.mark.parametrize(
    ("pattern", "keep", "told"),
    [
        ("samples_rufin_calculation_*", 0, "lacks results or samples of rufin_calculation"),
        ("samples_rufin_esg_risk_*", -10, "lacks results or samples of rufin_esg_risk"),
        ("results_*", 0, "damaged"),
        ("run.json", 0, "run.json: damaged"),
    ],
)
def test_a_run_that_lost_a_file_is_made_again_from_the_answers_that_are_kept(
    finished: Path,
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    pattern: str,
    keep: int,
    told: str,
):
    for folder in (finished, finished.parent / ".answers"):
        shutil.copytree(folder, tmp_path / folder.name)
    run_folder = tmp_path / finished.name
    (damaged,) = run_folder.glob(pattern)
    damaged.write_bytes(damaged.read_bytes()[:keep])

    def asked(*_: object, **__: object) -> None:
        raise AssertionError("every answer is kept")

    monkeypatch.setattr(RowwiseHFLM, "generate_until", asked)
    assert run(SystemSpec(str(tiny_model), dtype="float32"), run_folder, OPTIONS) == run_folder
    assert texts(run_folder) == texts(finished)
    assert headline(run_folder) == headline(finished)
    aside = tmp_path / f".{finished.name}.damaged-1"
    assert len(list(aside.iterdir())) == len(list(finished.iterdir())), "nothing is thrown away"
    (line,) = (message for message in caplog.messages if "damaged-1" in message)
    assert told in line and "\n" not in line


def test_another_systems_run_is_left_alone_also_where_it_is_damaged(
    finished: Path, other_tiny_model: Path, tmp_path: Path
):
    folder = Path(shutil.copytree(finished, tmp_path / "run"))
    next(folder.glob("samples_*")).write_bytes(b"")
    with pytest.raises(UserError, match="another system"):
        run(SystemSpec(str(other_tiny_model), dtype="float32"), folder, OPTIONS)
    assert [path.name for path in tmp_path.iterdir() if "damaged" in path.name] == []


def texts(folder: Path) -> dict[str, bytes]:
    """Each sample file's bytes, by what of its name is not the time."""
    return {path.name.rpartition("_")[0]: path.read_bytes() for path in folder.glob("samples_*")}


def test_another_system_does_not_take_a_finished_runs_place(finished: Path, other_tiny_model: Path):
    with pytest.raises(UserError, match="another system"):
        run(SystemSpec(str(other_tiny_model), dtype="float32"), finished, OPTIONS)


def test_an_interrupted_run_goes_on_and_ends_the_same(
    finished: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    kept: list[str] = []
    put = AnswerStore.put

    def interrupted(self: AnswerStore, key: str, answer: object) -> None:
        if len(kept) == 5:
            raise KeyboardInterrupt
        put(self, key, answer)
        kept.append(key)

    spec, output = SystemSpec(str(tiny_model), dtype="float32"), tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(AnswerStore, "put", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(spec, output, OPTIONS)
    assert not output.exists(), "no half-written run may be taken for a whole one"
    asked: list[int] = []
    generate = RowwiseHFLM.generate_until

    def counted(self: RowwiseHFLM, requests: list, **rest: object) -> list[str]:
        asked.append(len(requests))
        return generate(self, requests, **rest)

    monkeypatch.setattr(RowwiseHFLM, "generate_until", counted)
    run(spec, output, OPTIONS)
    assert asked == [2 * len(FAMILIES) - 5], "what was finished is used"
    assert headline(output) == headline(finished)
    assert texts(output) == texts(finished)


def test_examples_are_shown_where_they_are_asked_for(finished: Path, tiny_model: Path):
    spec = SystemSpec(str(tiny_model), dtype="float32", num_fewshot=1)
    shown = run(spec, finished.parent / "fewshot", RunOptions(limit=1, max_gen_toks=4, bootstrap_iters=0))
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in shown.glob("samples_*")]
    assert [row["arguments"]["gen_args_0"]["arg_0"].count("### Задание") for row in rows] == [2] * len(FAMILIES)


def test_systems_do_not_share_answers(finished: Path, other_tiny_model: Path):
    stores = set((finished.parent / ".answers").glob("*.db"))
    other = run(SystemSpec(str(other_tiny_model), dtype="float32"), finished.parent / "other", OPTIONS)
    assert len(set((finished.parent / ".answers").glob("*.db")) - stores) == 1, "a store of its own"
    texts = [
        {json.loads(line)["resps"][0][0] for path in folder.glob("samples_*") for line in path.open()}
        for folder in (finished, other)
    ]
    assert texts[0] != texts[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pretrained": "/no/such/model"}, "--model /no/such/model"),
        ({"adapter": "/no/such/adapter"}, "no adapter_config.json"),
        ({"quantization": "nf3"}, "choose one of none, nf4, int8"),
        ({"backend": "no-such-backend"}, "--backend no-such-backend"),
        ({"backend": "local-completions", "quantization": "nf4"}, "only the hf backend quantizes"),
        ({"num_fewshot": -1}, "give 0 or more"),
    ],
)
def test_a_bad_system_is_one_line(changes: dict, message: str, tiny_model: Path, tmp_path: Path):
    with pytest.raises(UserError, match=message) as caught:
        run(SystemSpec(**{"pretrained": str(tiny_model)} | changes), tmp_path / "run", OPTIONS)
    assert "\n" not in str(caught.value)


def test_an_unknown_task_is_refused_before_a_model_is_loaded(tmp_path: Path):
    with pytest.raises(UserError, match="rufin_nothing: unknown"):
        run(SystemSpec("/no/such/model"), tmp_path / "run", RunOptions(tasks=("rufin_nothing",)))


def test_an_output_below_a_file_is_refused(tiny_model: Path, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        run(SystemSpec(str(tiny_model)), tmp_path / "file" / "run", OPTIONS)


def test_a_foreign_directory_is_not_overwritten(tiny_model: Path, tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(UserError, match="not a run directory"):
        run(SystemSpec(str(tiny_model)), tmp_path / "mine", OPTIONS)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"


def test_a_full_disk_loses_no_answer(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from lm_eval.loggers import EvaluationTracker

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    spec, output = SystemSpec(str(tiny_model), dtype="float32"), tmp_path / "run"
    options = RunOptions(tasks=("rufin_calculation",), limit=2, max_gen_toks=4, bootstrap_iters=0)
    with monkeypatch.context() as patch:
        patch.setattr("benchmark.runs.rundir.write_samples", full)
        with pytest.raises(UserError, match="No space left on device; is the disk full"):
            run(spec, output, options)
    with monkeypatch.context() as patch:
        # lm-eval logs a failed write and goes on: exactly what must not pass for success.
        patch.setattr(EvaluationTracker, "save_results_aggregated", lambda *_, **__: None)
        with pytest.raises(UserError, match="disk full"):
            run(spec, output, options)
    assert not output.exists()
    assert not list(tmp_path.glob(".run.*")), "nothing half-written stays"
    assert run(spec, output, options) == output


def test_damaged_data_is_named(tiny_model: Path, tmp_path: Path):
    copied = tmp_path / "tasks"
    shutil.copytree(ROOT, copied, ignore=shutil.ignore_patterns("__pycache__"))
    data = copied / "calculation" / "data" / "test.jsonl"
    data.write_text(data.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    code = "from tasks.dataset import load; load('calculation')"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "test.jsonl" in done.stderr
    assert "not a whole line of JSON" in done.stderr
