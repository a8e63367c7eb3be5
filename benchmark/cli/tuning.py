"""Commands that make weights: an adapter, and a model with an adapter merged into it."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from benchmark.cli import options


def finetune(
    config: Annotated[Path, typer.Option(help="YAML configuration; see finetune/configs/.")],
    output: Annotated[
        Path | None, typer.Option(help="Adapter directory; adapters/<config's name> if not given.")
    ] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="key=value over the file; repeatable.")] = None,
    device: options.Device = "auto",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be trained, and stop.")] = False,
    then_run: Annotated[
        Path | None, typer.Option(help="A baseline's run directory: score the adapter as it was scored, and compare.")
    ] = None,
) -> None:
    """Train a QLoRA adapter.

    Examples:

        rufinbench finetune --config finetune/configs/rufin.yaml --set model.pretrained=mistralai/Mistral-7B-v0.1

        rufinbench finetune --config finetune/configs/rufin.yaml --then-run results/base

        accelerate launch -m benchmark.cli finetune --config finetune/configs/rufin.yaml
    """
    import json

    from benchmark.quiet import quiet_libraries
    from benchmark.runs.processes import is_first

    quiet_libraries()  # before the libraries are imported: bitsandbytes complains while it is
    from finetune import pipeline
    from finetune.config import load_config

    loaded, folder = load_config(config, set_), output or Path("adapters") / config.stem
    if dry_run:
        typer.echo(json.dumps(pipeline.dry_run(loaded, device), ensure_ascii=False, indent=2))
        return
    if then_run:
        from benchmark.runs import again

        model, template = loaded.model, loaded.data.apply_chat_template
        again.check(then_run, folder, model.pretrained, model.revision, apply_chat_template=template)
    adapter = pipeline.finetune(loaded, folder, device)
    finished = [adapter, again.run_and_compare(then_run, adapter)] if then_run else [adapter]
    if is_first():
        typer.echo("\n".join(map(str, finished)))


def export(
    model: Annotated[str, typer.Option(help="The base model, as in `run`.")],
    adapter: Annotated[Path, typer.Option(help="PEFT adapter directory to merge into it.")],
    output: Annotated[Path, typer.Option(help="Directory of the new checkpoint.")],
    revision: options.Revision = None,
    quantization: Annotated[
        Literal["none", "nf4", "int8"] | None,
        typer.Option(help="What the adapter was trained on; what its manifest says if not given."),
    ] = None,
    trust_remote_code: options.TrustRemoteCode = False,
    examples: Annotated[int, typer.Option(min=1, help="Validation examples to compare both on.")] = 16,
    device: options.Device = "auto",
) -> None:
    """Merge an adapter into its dequantized base, save bfloat16 safetensors, measure the difference.

    Example:

        rufinbench export --model mistralai/Mistral-7B-v0.1 --adapter adapters/rufin --output models/mine
    """
    import json

    from benchmark.quiet import quiet_libraries
    from benchmark.system import SystemSpec

    quiet_libraries()
    from finetune import export as exporting

    spec = SystemSpec(
        model,
        revision=revision,
        quantization=quantization or exporting.trained_quantization(adapter),
        adapter=str(adapter),
        trust_remote_code=trust_remote_code,
    )
    report = exporting.export(spec, output, examples=examples, device=device)
    typer.echo(json.dumps(report["difference"], indent=2))
