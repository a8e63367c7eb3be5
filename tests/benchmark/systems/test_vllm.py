"""vLLM itself: what it answers, with and without an adapter, is what transformers answers; what it gave is kept.

Run where vLLM is installed, on a GPU or with its CPU build (docs/servers.md); elsewhere skipped.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmark.run import RunOptions, run
from benchmark.system import SystemSpec
from tasks.scoring import numeric

pytest.importorskip("vllm", reason="vLLM is not installed: pip install -e '.[vllm]'")
pytestmark = pytest.mark.slow

EAGER = {"enforce_eager": True}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
    yield
    from vllm.distributed.parallel_state import cleanup_dist_env_and_memory

    cleanup_dist_env_and_memory()


@pytest.fixture(scope="module")
def model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with heads as wide as vLLM's kernels know them."""
    import torch
    from transformers import AutoConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("models") / "wide"
    shutil.copytree(tiny_model, folder)
    config = AutoConfig.from_pretrained(tiny_model)
    config.head_dim = 32
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def trained(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter that changes what the tiny model says."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    config = LoraConfig(r=8, target_modules="all-linear", init_lora_weights=False)
    folder = tmp_path_factory.mktemp("adapters") / "lora"
    get_peft_model(AutoModelForCausalLM.from_pretrained(model), config).save_pretrained(folder)
    return folder


def asked(limit: int, **more: Any) -> RunOptions:
    return RunOptions(("rufin_calculation",), limit=limit, max_gen_toks=16, max_length=2048, bootstrap_iters=0, **more)


def spec(model: Path, backend: str, adapter: Path | None = None) -> SystemSpec:
    arguments = EAGER if backend == "vllm" else {}
    chosen = str(adapter) if adapter else None
    return SystemSpec(str(model), dtype="float32", backend=backend, backend_args=arguments, adapter=chosen)


def responses(folder: Path) -> list[str]:
    """The answers without what is left of a last character that the token limit cut: vLLM leaves it out."""
    lines = next(folder.glob("samples_*")).read_text(encoding="utf-8").splitlines()
    return [text.rstrip("\N{REPLACEMENT CHARACTER}") for line in lines for text in json.loads(line)["resps"][0]]


@pytest.mark.parametrize("adapted", [False, True])
def test_it_answers_as_transformers_does_and_goes_on(adapted: bool, model: Path, trained: Path, tmp_path: Path):
    adapter = trained if adapted else None
    expected = responses(run(spec(model, "hf", adapter), tmp_path / "hf", asked(6)))
    assert len(set(expected)) > 1
    first = run(spec(model, "vllm", adapter), tmp_path / "first", asked(4))
    assert responses(first) == expected[:4]
    record = json.loads((first / "run.json").read_text(encoding="utf-8"))
    assert (record["system"]["dtype"], record["answers"]["from_before"]) == ("float32", 0)
    longer = run(spec(model, "vllm", adapter), tmp_path / "longer", asked(6))
    assert responses(longer) == expected
    assert json.loads((longer / "run.json").read_text(encoding="utf-8"))["answers"]["from_before"] == 4


def test_a_run_that_goes_on_draws_other_samples(model: Path, tmp_path: Path):
    (tmp_path / "sampled.yaml").write_text(
        f"""
        task: sampled
        dataset_path: json
        dataset_kwargs: {{data_files: {{test: {tmp_path}/data.jsonl}}}}
        test_split: test
        output_type: generate_until
        doc_to_text: "{{{{question}}}}"
        doc_to_target: "x"
        repeats: 8
        generation_kwargs: {{do_sample: true, temperature: 1.0, max_gen_toks: 12, until: []}}
        """,
        encoding="utf-8",
    )
    (tmp_path / "data.jsonl").write_text('{"question": "Рассчитайте"}\n', encoding="utf-8")
    options = RunOptions(("sampled",), include_paths=(str(tmp_path),), bootstrap_iters=0)
    first = run(spec(model, "vllm"), tmp_path / "runs" / "first", options)
    drawn = responses(first)
    assert len(set(drawn)) == len(drawn) == 8
    task = tmp_path / "sampled.yaml"
    task.write_text(task.read_text(encoding="utf-8").replace("repeats: 8", "repeats: 16"), encoding="utf-8")
    longer = responses(run(spec(model, "vllm"), tmp_path / "runs" / "longer", options))
    assert longer[:8] == drawn
    assert len(set(longer)) == 16


def test_a_thought_that_the_limit_cut_off_is_no_answer(model: Path, tmp_path: Path):
    """A chat template may have opened it, so that nothing in the text tells."""
    thinking = SystemSpec(
        str(model), dtype="float32", backend="vllm", backend_args=EAGER | {"think_end_token": "</think>"}
    )
    folder = run(thinking, tmp_path / "run", asked(4))
    assert len(texts := responses(folder)) == 4
    assert {numeric.grade(text, "24", "%").outcome for text in texts} == {"truncated"}
