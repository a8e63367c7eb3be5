"""The adapter's model card: whoever finds the directory later reads what it is, how it came about and how to score it."""

import shlex
from pathlib import Path
from typing import Any

from huggingface_hub import ModelCard, ModelCardData

TEMPLATE = """\
---
{{ card_data }}
---

# {{ title | replace("\\n", " ") }}

A LoRA adapter (r = {{ lora.r }}, alpha = {{ lora.alpha }}) that `rufinbench finetune` trained on
{{ data.examples }} examples ({{ sources }}) in {{ updates }} updates. The base in that training:
{{ base.quantization if base.quantization != "none" else "unquantized" }}. Last training loss {{ loss }}.
`manifest.json` has the configuration, the hashes of base and data, the loss curve, the device and the versions.

Score it, and compare it with its base:

```
{{ commands }}
```
"""


def card(manifest: dict[str, Any], license: str | None) -> str:
    """The text of README.md.

    Args:
        manifest: as `finetune.adapter.describe` makes it.
        license: of the base model, None where it is not known.
    """
    base, config = manifest["base"], manifest["config"]
    metadata = ModelCardData(
        base_model=None if base["weights_sha256"] else base["pretrained"],  # a path means nothing elsewhere
        library_name="peft",
        language="ru",
        license=license.lower() if license and " " not in license else None,
        tags=["lora", "finance", "rufinbench"],
    )
    losses = [loss for _, loss, _ in manifest["loss_curve"] if loss is not None]
    text = ModelCard.from_template(
        metadata,
        template_str=TEMPLATE,
        title=f"Adapter of {Path(base['pretrained']).name if base['weights_sha256'] else base['pretrained']}",
        lora=config["lora"],
        data=manifest["data"],
        sources=", ".join(sorted(manifest["data"]["by_source"])),
        updates=manifest["updates"],
        base=base,
        loss=f"{losses[-1]:.3f}" if losses else "not recorded",
        commands=_commands(base),
    )
    return str(text)


def _commands(base: dict[str, Any]) -> str:
    system = ["--model", base["pretrained"]]
    system += ["--quantization", base["quantization"]] if base["quantization"] != "none" else []
    run = shlex.join(["rufinbench", "run", *system])
    return "\n".join([f"{run} --output base", f"{run} --adapter . --output tuned", "rufinbench compare base tuned"])
