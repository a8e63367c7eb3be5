"""Which texts begin alike, so that what they share is read once.

The options of a question share its context, and the questions of a few-shot task their examples: a text is scored
after the keys and values of a chain of shared parts, a `Node` each.
"""

from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

SHORTEST_CONTEXT = 16
"""Tokens that the options of a question must share before a forward pass of their own is worth it."""
SHORTEST_EXAMPLES = 64
"""Tokens that questions must share, likewise; prompts to be answered, too."""


@dataclass(frozen=True, eq=False)
class Node:
    """Tokens that several texts have in the same place."""

    tokens: tuple[int, ...]
    parent: "Node | None" = None
    """What stands before them."""

    @property
    def path(self) -> tuple["Node", ...]:
        """The nodes from a text's beginning to this one."""
        return (*(self.parent.path if self.parent else ()), self)


@dataclass(frozen=True, eq=False)
class Text:
    """What one forward pass reads, and what is asked about its end."""

    tokens: tuple[int, ...]
    """Context and continuation, without the last token."""
    context: tuple[int, ...]
    asked: list[tuple[int, Sequence[int]]] = field(default_factory=list)
    """Places among the requests, and their continuations: each ends one token after the text."""

    @property
    def scored(self) -> int:
        """Tokens at the end whose logits are needed."""
        return max(len(continuation) for _, continuation in self.asked)

    @property
    def unscored(self) -> tuple[int, ...]:
        """The tokens before them."""
        return self.tokens[: len(self.tokens) - self.scored]


@dataclass(eq=False)
class Group:
    """Texts that follow one node; a text that shares nothing is a group of its own."""

    texts: list[Text]
    node: Node | None = None

    @property
    def path(self) -> tuple[Node, ...]:
        """The shared parts before the texts."""
        return self.node.path if self.node else ()

    @property
    def shared(self) -> int:
        """Tokens in them."""
        return sum(len(node.tokens) for node in self.path)

    @property
    def width(self) -> int:
        """Tokens of the longest text."""
        return max(len(text.tokens) for text in self.texts)


def common(sequences: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The tokens that all sequences begin with: those that the least and the greatest begin with."""
    least, greatest = min(sequences), max(sequences)
    sizes = range(1, min(len(least), len(greatest)) + 1)
    return least[: bisect(sizes, False, key=lambda size: least[:size] != greatest[:size])]


def texts(requests: Iterable[tuple[Sequence[int], Sequence[int]]], max_length: int) -> list[Text]:
    """The texts of (context, continuation) requests, cut on the left to the context length, each once.

    Continuations that differ in their last token alone are ends of one text.
    """
    found: dict[tuple[int, ...], Text] = {}
    for place, (context, continuation) in enumerate(requests):
        tokens = (*context, *continuation)[-(max_length + 1) :][:-1]
        found.setdefault(tokens, Text(tokens, tuple(context))).asked.append((place, continuation))
    return list(found.values())


def alone(scored: Iterable[Text]) -> list[Group]:
    """Groups that share nothing, longest text first: memory then runs out at once or never."""
    return sorted((Group([text]) for text in scored), key=lambda group: -group.width)


def grouped(scored: Iterable[Text]) -> list[Group]:
    """Groups that share what they can: neighbours have as many nodes as each other, then the same first one."""
    contexts: dict[tuple[int, ...], list[Text]] = {}
    for text in scored:
        contexts.setdefault(text.context, []).append(text)
    groups = [group for options in contexts.values() for group in _of_one_context(options)]
    _share_examples(groups)
    groups.sort(key=lambda group: -group.width)
    first: dict[Node | None, int] = {}
    for place, group in enumerate(groups):
        first.setdefault(group.path[0] if group.node else None, place)
    return sorted(groups, key=lambda group: (len(group.path), first[group.path[0] if group.node else None]))


def _of_one_context(options: list[Text]) -> list[Group]:
    # The last token of the context stays with each option: its logits are the first that an option needs.
    shared = common([text.unscored for text in options])
    if len(options) == 1 or len(shared) < SHORTEST_CONTEXT:
        return [Group([text]) for text in options]
    return [Group(options, Node(shared))]


def _share_examples(groups: Iterable[Group]) -> None:
    """Put a node of their own before groups that begin alike."""
    families: dict[tuple[int, ...], list[Group]] = {}
    for group in groups:
        families.setdefault(_shareable(group)[:SHORTEST_EXAMPLES], []).append(group)
    for family in families.values():
        shared = common([_shareable(group) for group in family])
        if len(family) == 1 or len(shared) < SHORTEST_EXAMPLES:
            continue
        examples = Node(shared)
        for group in family:
            group.node = Node(group.node.tokens[len(shared) :], examples) if group.node else examples


def _shareable(group: Group) -> tuple[int, ...]:
    """Leading tokens of a group that may move into a node before it, leaving one at least to its own."""
    return group.node.tokens[:-1] if group.node else group.texts[0].unscored
