"""Is our packed step the reference recipe's step? The first gradient on a tiny model, the loss curve on a real one.

    python tests/performance/gradients.py                         # gradients, seconds on a CPU
    python tests/performance/gradients.py --curve --updates 10    # and both recipes' losses on the embedded model

The reference recipe runs one example at a time through the model's own loss and accumulates. Under `token_mean` every
supervised token of the update weighs the same; under `example_mean` every example does. Both sides use float32.
"""

import argparse
import copy
import json
import random
import tempfile
from pathlib import Path
from typing import Any

import torch
from random_model import TINY

from finetune import train
from finetune.arguments import arguments
from finetune.config import FinetuneConfig, TrainingConfig, load_config
from finetune.examples import Example
from finetune.model import add_adapter, compute_dtype_of, prepare
from finetune.packing import pack

EXAMPLES = 16
CURVE_CONFIG = Path(__file__).parents[2] / "finetune" / "configs" / "smoke.yaml"


def examples(count: int, vocabulary: int) -> list[Example]:
    """Random examples of very different lengths, where the two normalizations differ most."""
    rng = random.Random(0)
    draw = lambda low, high: tuple(rng.randrange(3, vocabulary) for _ in range(rng.randrange(low, high)))  # noqa: E731
    return [Example("random", draw(5, 200), draw(1, 80)) for _ in range(count)]


def reference_gradient(model: Any, batch: list[Example], normalization: str) -> tuple[float, torch.Tensor]:
    """Loss and gradient by the model's own loss, one example at a time."""
    model.zero_grad()
    supervised = sum(len(example.answer_ids) for example in batch)
    total = 0.0
    for example in batch:
        ids = torch.tensor([[*example.prompt_ids, *example.answer_ids]])
        labels = ids.clone()
        labels[:, : len(example.prompt_ids)] = -100
        share = len(example.answer_ids) / supervised if normalization == "token_mean" else 1 / len(batch)
        loss = model(input_ids=ids, labels=labels).loss * share
        loss.backward()
        total += float(loss.detach())
    return total, _gradient(model)


def packed_gradient(model: Any, batch: list[Example], training: TrainingConfig) -> tuple[float, torch.Tensor]:
    """Loss and gradient by our trainer's own step."""
    model.zero_grad()
    with tempfile.TemporaryDirectory() as workspace:
        settings = arguments(training, Path(workspace), 1, 1, torch.float32, "cpu")
        trainer = train.PackedTrainer(training, model=model, args=settings, validation_examples=[])
        loss = float(trainer.training_step(model, batch))
    return loss, _gradient(model)


def _gradient(model: Any) -> torch.Tensor:
    return torch.cat([p.grad.flatten().double().cpu() for p in model.parameters() if p.grad is not None])


def compare_gradients() -> list[dict[str, Any]]:
    """Relative distance of the two gradients for each normalization and a few budgets."""
    from transformers import MistralConfig, MistralForCausalLM

    torch.manual_seed(0)
    base = MistralForCausalLM(MistralConfig(**TINY, initializer_range=0.1)).eval()
    batch, found = examples(EXAMPLES, TINY["vocab_size"]), []
    for normalization in ("token_mean", "example_mean"):
        for budget in (None, 512, 4096):
            training = TrainingConfig(
                loss=normalization, token_budget=budget, optimizer="adamw_torch", validations=0, checkpoints=0
            )
            config = FinetuneConfig.model_validate({"model": {"pretrained": "random"}, "training": training})
            ours = _with_visible_update(add_adapter(copy.deepcopy(base), config))
            theirs = _with_visible_update(_plain(copy.deepcopy(base), config))
            loss, gradient = packed_gradient(ours, batch, training)
            expected_loss, expected = reference_gradient(theirs, batch, normalization)
            found.append(
                {
                    "normalization": normalization,
                    "token_budget": budget,
                    "rows": len(pack(batch, budget)),
                    "loss_difference": abs(loss - expected_loss) / expected_loss,
                    "gradient_difference": float((gradient - expected).norm() / expected.norm()),
                }
            )
    return found


def _plain(base: Any, config: FinetuneConfig) -> Any:
    """The same adapter on a model that keeps its own loss."""
    forward = base.forward
    model = add_adapter(base, config)
    base.forward = forward
    return model


def _with_visible_update(model: Any) -> Any:
    """An adapter starts at zero, where half of its gradient is zero: draw that half."""
    torch.manual_seed(1)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.05)
    return model


def loss_curves(updates: int) -> dict[str, list[float]]:
    """Training losses of both recipes on the embedded model: the same examples, order and adapter."""
    from finetune.examples import tokenize
    from finetune.pipeline import gather

    curves = {}
    for name, budget in (("one example a row", "null"), ("packed", "2048")):
        overrides = [f"training.token_budget={budget}", "training.validations=0", "data.limit_per_task=null"]
        config = load_config(CURVE_CONFIG, overrides)
        model, tokenizer = prepare(config)
        kept = tokenize(gather(config).train, tokenizer, config.data).kept
        kept = kept[: updates * config.training.examples_per_update]
        dtype = compute_dtype_of(config, model)
        with tempfile.TemporaryDirectory() as workspace:
            trainer = train.train(model, config.training, kept, [], Path(workspace), dtype)
        curves[name] = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return curves


def main() -> None:
    """Measure and print; with --output, write JSON too."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curve", action="store_true", help="train both ways on the embedded model too")
    parser.add_argument("--updates", type=int, default=10, help="updates of each curve")
    parser.add_argument("--output", type=Path, help="JSON file")
    options = parser.parse_args()
    result: dict[str, Any] = {"torch": torch.__version__, "gradients": compare_gradients()}
    print(f"{'normalization':15}{'budget':>8}{'rows':>6}{'loss':>12}{'gradient':>12}   relative differences")
    for row in result["gradients"]:
        print(
            f"{row['normalization']:15}{row['token_budget'] or '-':>8}{row['rows']:>6}"
            f"{row['loss_difference']:12.1e}{row['gradient_difference']:12.1e}"
        )
    if options.curve:
        result["curves"] = curves = loss_curves(options.updates)
        for name, losses in curves.items():
            print(f"{name:20}" + " ".join(f"{loss:.3f}" for loss in losses))
        first, second = (torch.tensor(losses) for losses in curves.values())
        result["largest_curve_difference"] = float((first - second).abs().max())
        print(f"largest difference of the curves: {result['largest_curve_difference']:.4f}")
    if options.output:
        options.output.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
