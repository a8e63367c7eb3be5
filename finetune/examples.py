"""Training examples as token ids, tokenized as generation tokenizes a prompt."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmark.errors import UserError
from benchmark.systems.prompts import encoded, encoding
from finetune.config import DataConfig
from finetune.texts import Text

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Example:
    """One example as the model sees it: the answer's tokens are supervised, the prompt's are not."""

    source: str
    prompt_ids: tuple[int, ...]
    answer_ids: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.prompt_ids) + len(self.answer_ids)


@dataclass(frozen=True)
class Examples:
    """Tokenized examples, and what was left out."""

    kept: list[Example]
    dropped: dict[str, int] = field(default_factory=dict)
    """Source -> examples that are longer than `max_length`."""

    @property
    def tokens(self) -> int:
        return sum(len(example) for example in self.kept)

    @property
    def supervised_tokens(self) -> int:
        return sum(len(example.answer_ids) for example in self.kept)

    @property
    def by_source(self) -> dict[str, int]:
        return dict(sorted(Counter(example.source for example in self.kept).items()))


def tokenize(texts: Sequence[Text], tokenizer: "PreTrainedTokenizerBase", config: DataConfig) -> Examples:
    """Texts as examples; the answer ends in the end-of-sequence token, which is supervised too.

    Prompt and answer are tokenized apart, as generation does: the model continues the prompt's own tokens.

    Raises:
        UserError: the tokenizer has no end-of-sequence token, no chat template where one is asked for, or nothing to
            begin an answer after.
    """
    if tokenizer.eos_token_id is None:
        raise UserError("model.pretrained: its tokenizer has no end-of-sequence token; a tuned model could not stop")
    if config.apply_chat_template and not tokenizer.chat_template:
        raise UserError("data.apply_chat_template: this tokenizer has no chat template; set it to false")
    prompts = [_as_chat(text.prompt, tokenizer) if config.apply_chat_template else text.prompt for text in texts]
    prompt_ids = _prompt_ids(prompts, tokenizer)
    answer_ids = encoded(tokenizer, (text.answer for text in texts), add_bos_token=False)
    kept, dropped = [], Counter[str]()
    for text, prompt in zip(texts, prompts, strict=True):
        if not prompt_ids[prompt]:
            raise UserError(f"data: {text.source}: {text.place}: the prompt is empty; leave that example out")
        answer = (*answer_ids[text.answer], tokenizer.eos_token_id)
        example = Example(text.source, tuple(prompt_ids[prompt]), answer)
        if len(example) > config.max_length:
            dropped[text.source] += 1
        else:
            kept.append(example)
    return Examples(kept, dict(dropped))


def _prompt_ids(prompts: Sequence[str], tokenizer: "PreTrainedTokenizerBase") -> dict[str, list[int]]:
    """Prompts' ids as evaluation encodes them."""

    def open_ended(prompt: str, ids: list[int]) -> list[int]:
        # Some tokenizers close every text by themselves; the prompt goes on.
        return ids[:-1] if not encoding(tokenizer, prompt) and ids[-1:] == [tokenizer.eos_token_id] else ids

    return {prompt: open_ended(prompt, ids) for prompt, ids in encoded(tokenizer, prompts).items()}


def _as_chat(prompt: str, tokenizer: "PreTrainedTokenizerBase") -> str:
    return str(
        tokenizer.apply_chat_template([{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True)
    )
