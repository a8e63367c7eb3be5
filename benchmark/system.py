"""The system under test: which model, in which form, with which adapter, asked in which way; and how it is loaded."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark import embedded
from benchmark.errors import UserError, first_line
from benchmark.servers.endpoint import BACKENDS as SERVERS
from benchmark.servers.endpoint import identifying
from benchmark.systems.adapter import check_adapter, with_adapter
from benchmark.systems.arguments import check_arguments
from benchmark.systems.dtype import DTYPES, compute_dtype
from benchmark.systems.identity import arguments_sha256, model_sha256

if TYPE_CHECKING:
    import torch
    from lm_eval.api.model import LM
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

QUANTIZATIONS = ("none", "nf4", "int8")
UNKNOWN = "unknown"
"""The commit of a model of which nothing here tells which weights it has."""


@dataclass(frozen=True)
class SystemSpec:
    """Everything that is being measured. Two equal specs over equal files give the same answers."""

    pretrained: str
    """Hub id, directory, GGUF file, `embedded`, or for an API backend the model's name there."""
    revision: str | None = None
    """Branch, tag or commit of a Hub model."""
    quantization: str = "none"
    """`none`, `nf4` (bitsandbytes 4-bit with double quantization) or `int8`."""
    dtype: str = "auto"
    """Weights' and activations' type; `auto` takes bfloat16 where the device has it, else float32."""
    adapter: str | None = None
    """Directory of a PEFT adapter on top of the model."""
    backend: str = "hf"
    """`hf`, or the name of any lm-eval backend: `vllm`, `local-completions`, `local-chat-completions`, …"""
    backend_args: dict[str, Any] = field(default_factory=dict)
    """Passed to that backend as they are."""
    apply_chat_template: bool = False
    num_fewshot: int | None = None
    """Examples shown before each question; None leaves it to the task (zero)."""
    trust_remote_code: bool = False
    """Whether code from the model's repository may run."""

    def __post_init__(self) -> None:
        if self.quantization not in QUANTIZATIONS:
            raise UserError(f"--quantization {self.quantization}: choose one of {', '.join(QUANTIZATIONS)}")
        if self.dtype not in DTYPES:
            raise UserError(f"--dtype {self.dtype}: choose one of {', '.join(DTYPES)}")
        if self.backend != "hf" and self.quantization != "none":
            raise UserError(
                f"--quantization {self.quantization}: only the hf backend quantizes here; "
                f"for {self.backend} pass its own option with --backend-arg"
            )
        if self.num_fewshot is not None and self.num_fewshot < 0:
            raise UserError(f"--num-fewshot {self.num_fewshot}: give 0 or more")

    @property
    def local_path(self) -> Path | None:
        """The model's place on disk, where it has one; a server's model is a name there, whatever lies here."""
        if self.backend in SERVERS:
            return None
        if self.pretrained == embedded.NAME:
            return embedded.checkpoint()
        path = Path(self.pretrained).expanduser()
        return path if path.exists() else None

    @property
    def name(self) -> str:
        """A short name for tables and directories: model, quantization, adapter, shots."""
        parts = [_last_part(self.pretrained) if self.local_path else self.pretrained]
        if self.quantization != "none":
            parts.append(self.quantization)
        if self.adapter:
            parts.append(f"+{_last_part(self.adapter)}")
        if self.num_fewshot:
            parts.append(f"{self.num_fewshot}-shot")
        return " ".join(parts)


def _last_part(path: str) -> str:
    """What a path is called; of `.` and `..` the directory's own name."""
    place = Path(path).expanduser()
    return place.name if place.name not in ("", "..") else place.resolve().name


def identity(spec: SystemSpec, model: Any = None) -> dict[str, Any]:
    """What `run.json` says of the system and what its answers are keyed by: the spec with content hashes in it.

    Args:
        model: the loaded transformers model, for its commit and true dtype; None for other backends.
    """
    described = asdict(spec)
    path = spec.local_path
    described["pretrained_sha256"] = model_sha256(path) if path else None
    described["commit"] = None if path else _commit(spec, model)
    described["adapter_sha256"] = model_sha256(Path(spec.adapter)) if spec.adapter else None
    described["backend_args"] = identifying(spec.backend, spec.backend_args)
    if named := arguments_sha256(described["backend_args"]):
        described["backend_args_sha256"] = named
    if hasattr(model, "dtype"):  # a server's model is a name
        described["dtype"] = str(model.dtype).removeprefix("torch.")
        described["device"] = model.device.type
    elif hasattr(model, "llm_engine"):
        described["dtype"] = str(model.llm_engine.model_config.dtype).removeprefix("torch.")
    return described


def _commit(spec: SystemSpec, model: Any) -> str:
    """The commit of a model that is not a path: the loaded one's, else the one in the Hub's local cache.

    A server does not say which weights it holds.
    """
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    loaded = getattr(getattr(model, "config", None), "_commit_hash", None)
    if loaded or spec.backend in SERVERS:
        return loaded or UNKNOWN
    try:
        cached = try_to_load_from_cache(spec.pretrained, "config.json", revision=spec.revision)
    except HFValidationError:  # no name that the Hub could have
        return UNKNOWN
    return Path(cached).parent.name if isinstance(cached, str) else UNKNOWN


def load_model(spec: SystemSpec, device: str = "auto") -> tuple["PreTrainedModel", "PreTrainedTokenizerBase"]:
    """The transformers model and tokenizer of a spec, ready to evaluate, its adapter applied unmerged.

    Raises:
        UserError: as `usable_device`, `check_adapter` and `load_tokenizer`; damaged weights, weights of an adapter
            that do not fit, or quantization that cannot run here.
    """
    from transformers import AutoModelForCausalLM

    place = usable_device(device)
    if spec.adapter:
        check_adapter(spec)
    config, tokenizer = load_tokenizer(spec)
    dtype = compute_dtype(spec.dtype, place, config.model_type)
    source, options = _source(spec)
    with _loading(spec):
        model = AutoModelForCausalLM.from_pretrained(
            source,
            dtype=dtype,
            quantization_config=quantization_config(spec, dtype),
            device_map={"": place},
            use_safetensors=None if "gguf_file" in options else True,
            **options,
        )
    if spec.adapter:
        model = with_adapter(model, spec)
    return model.eval(), tokenizer


def load_tokenizer(spec: SystemSpec) -> tuple["PreTrainedConfig", "PreTrainedTokenizerBase"]:
    """A spec's configuration and tokenizer, without its weights.

    Raises:
        UserError: no such model, or a tokenizer that is misread or lacks the chat template that is asked for.
    """
    from transformers import AutoConfig, AutoTokenizer

    source, options = _source(spec)
    with _loading(spec):
        config = AutoConfig.from_pretrained(source, **options)
        tokenizer = AutoTokenizer.from_pretrained(source, **options)
    _check_tokenizer(spec, tokenizer, is_gguf="gguf_file" in options)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    return config, tokenizer


@contextmanager
def _loading(spec: SystemSpec) -> Iterator[None]:
    """Says in one line what keeps transformers from loading a model."""
    from safetensors import SafetensorError

    try:
        yield
    except SafetensorError as error:
        raise UserError(f"--model {spec.pretrained}: its weights are damaged ({error}); copy it again") from error
    except (OSError, ValueError, ImportError) as error:
        # What does not lie here is asked for on the Hub, and the Hub's words are no help to who misspelt a path.
        absent = "" if spec.local_path else "no such file or directory here; "
        raise UserError(f"--model {spec.pretrained}: {absent}cannot load it: {first_line(error)}") from error


def _check_tokenizer(spec: SystemSpec, tokenizer: Any, *, is_gguf: bool) -> None:
    if is_gguf:
        embedded.check_tokenizer(tokenizer, spec.pretrained)
    # A tokenizer without this attribute (Mistral's own) formats chats by its code.
    if spec.apply_chat_template and not getattr(tokenizer, "chat_template", True):
        raise UserError(
            f"--apply-chat-template: the tokenizer of {spec.pretrained} has no chat template; leave the option out for "
            "a base model, or put chat_template.jinja beside the tokenizer"
        )


def _source(spec: SystemSpec) -> tuple[str, dict[str, Any]]:
    """Where transformers loads from, and its further arguments."""
    options: dict[str, Any] = {"revision": spec.revision} if spec.revision else {}
    options["trust_remote_code"] = spec.trust_remote_code
    path = spec.local_path
    if path is None:
        return spec.pretrained, options
    if path.is_file():
        if path.suffix != ".gguf":
            raise UserError(f"--model {path}: a file must be GGUF (*.gguf); give the directory of other checkpoints")
        return str(path.parent), options | {"gguf_file": path.name}
    if not (path / "config.json").exists():
        raise UserError(
            f"--model {path}: no config.json in this directory; give a transformers checkpoint or a GGUF file"
        )
    return str(path), options


def usable_device(name: str) -> str:
    """The device that a name means here; `auto` is a GPU where there is one.

    Raises:
        UserError: this machine, or this build of torch, has no such device.
    """
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:  # torch asserts that it was compiled for a device
        raise UserError(
            f"--device {name}: cannot be used here ({first_line(error).partition('. ')[0]}); "
            "choose auto, cpu, cuda, cuda:1, … as the machine has it"
        ) from error
    return name


def quantization_config(spec: SystemSpec, dtype: "torch.dtype") -> Any:
    """The bitsandbytes configuration of a spec, or None.

    Args:
        dtype: what quantized weights are multiplied in.

    Raises:
        UserError: bitsandbytes is missing or does not support this device.
    """
    if spec.quantization == "none":
        return None
    try:
        import bitsandbytes  # noqa: F401
    except (ImportError, RuntimeError) as error:
        raise UserError(
            f"--quantization {spec.quantization}: bitsandbytes does not work here ({first_line(error)}); "
            "install it (pip install bitsandbytes) or use --quantization none"
        ) from error
    from transformers import BitsAndBytesConfig

    if spec.quantization == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )


def load_lm(
    spec: SystemSpec,
    *,
    batch_size: int | str = "auto",
    device: str = "auto",
    max_length: int | None = None,
    on_long_prompt: str = "truncate",
) -> "LM":
    """The spec as an lm-eval model.

    Raises:
        UserError: as `load_model`; an unknown backend; arguments that the backend refuses.
    """
    from benchmark.systems.backends import constructing, load_backend

    if spec.backend == "hf":
        from benchmark.engine import RowwiseHFLM

        check_arguments(spec.backend, spec.backend_args)
        model, tokenizer = load_model(spec, device)
        extra: dict[str, Any] = {"max_length": max_length} if max_length else {}
        with constructing(spec.backend):
            return RowwiseHFLM(
                pretrained=model,
                tokenizer=tokenizer,
                batch_size=batch_size,
                on_long_prompt=on_long_prompt,
                **extra,
                **spec.backend_args,
            )
    if on_long_prompt != "truncate":
        raise UserError(f"--on-long-prompt {on_long_prompt}: only the hf backend counts before it asks; leave it out")
    if device != "auto":
        raise UserError(
            f"--device {device}: {spec.backend} chooses its own; leave it out (CUDA_VISIBLE_DEVICES limits it)"
        )
    return load_backend(spec, batch_size, max_length)
