"""The wired form of a spec file as pydantic models: which keys exist, and what may stand behind each.

This is shape only; what refers to what (constants, actors, budgets) is judged in ``checker.spec``. ``python -m checker
schema`` prints these as JSON Schema, so the descriptions here are what an editor shows.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from checker.nearest import described, shown
from checker.options import SIZE_HELP, size_in_bytes

ACTOR_FAULTS = ("crash", "pause")  # Their targets are actors; those of the others are message types.
COUNT_MAX = 256  # Instances in one group, places on one link.
BUDGET_MAX = 1000

# Alternatives are told apart by one look at the value, so that an error speaks of one of them only. The tags are in
# angle brackets because they turn up among the keys of an error's position, where no key of a file looks like that.
NUMBER, WORD, MAPPING = "<number>", "<word>", "<mapping>"


def _alternative(value: Any) -> str:
    return MAPPING if isinstance(value, dict) else WORD if isinstance(value, str) else NUMBER


def _refused(slug: str, message: str, help: str = "") -> PydanticCustomError:
    # The message is not a template: a brace in the user's text must stay one.
    return PydanticCustomError(slug, "{message}", {"message": message, "help": help})


def _not_empty(text: str) -> str:
    if not text.strip():
        raise _refused("empty-text", "the text is empty", "say in one sentence what is claimed")
    return text


def _identifier(name: str) -> str:
    if not name.isidentifier():
        cut = ")" in name and "(" not in name.partition(")")[0]
        quotes = "inside {...} and [...], a text with a comma in it stands in quotes"
        help = quotes if cut else "letters, digits and `_`, not beginning with a digit"
        raise _refused("name", f"{shown(name)} is not a name", help)
    return name


def _actor_name(name: str) -> str:
    if not name or not name[0].isalpha() or not all(one.isalnum() or one in "_-." for one in name):
        raise _refused("name", f"{shown(name)} is not a name", "letters, digits, `_`, `-` and `.`, first a letter")
    return name


def _size(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    try:
        return size_in_bytes(value if isinstance(value, str) else "")
    except ValueError:
        raise _refused("size", f"{shown(value)} is not an amount of memory", SIZE_HELP) from None


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        raise _refused("seconds", f"{described(value)} is not a number of seconds", "a number above 0")
    return float(value)


def _predicate_item(value: Any) -> Any:
    if isinstance(value, dict) and len(value) != 1:
        raise _refused("predicate", f"{described(value)} with {len(value)} keys is not a predicate", PREDICATE_HELP)
    if not isinstance(value, dict | str):
        raise _refused("predicate", f"{described(value)} is not the name of a predicate", PREDICATE_HELP)
    return value


PREDICATE_HELP = "write `name`, or `name: {parameter: value}`"

Name = Annotated[str, AfterValidator(_identifier)]
ActorName = Annotated[str, AfterValidator(_actor_name)]
Sentence = Annotated[str, AfterValidator(_not_empty)]
Natural = Annotated[int, Field(ge=0, le=2**63 - 1)]
# Booleans are integers to Python, not to a reader of the file: strict mode refuses them.
Expression = Annotated[Annotated[int, Tag(NUMBER)] | Annotated[str, Tag(WORD)], Discriminator(_alternative)]
Budget = Annotated[
    Annotated[int, Field(ge=0, le=BUDGET_MAX), Tag(NUMBER)] | Annotated[Literal["unlimited"], Tag(WORD)],
    Discriminator(_alternative),
]
Targets = Annotated[
    Annotated[int, Field(ge=0, le=BUDGET_MAX), Tag(NUMBER)]
    | Annotated[Literal["unlimited"], Tag(WORD)]
    | Annotated[dict[str, Budget], Tag(MAPPING)],
    Discriminator(_alternative),
]
Arguments = dict[Name, Any]
Predicate = Annotated[
    Annotated[Name, Tag(WORD)] | Annotated[dict[Name, Any], Tag(MAPPING)],
    Discriminator(_alternative),
    BeforeValidator(_predicate_item),
]
NetworkKind = Literal["fifo", "bag", "set"]
WhenFull = Literal["error", "wait"]
Size = Annotated[int, BeforeValidator(_size), WithJsonSchema({"type": ["string", "integer"]})]
Seconds = Annotated[float, BeforeValidator(_seconds), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]


class Cost(IntEnum):
    """What a pipeline's change of a setting costs (``variations`` of its module), the least first."""

    MENDED = 0  # Nothing: the defect is gone, as with a version, or a mechanism that is put back.
    FREE = 1
    ASKS = 2  # Something that the pipeline does not have by itself.
    LATENCY = 3
    THROUGHPUT = 4
    AVAILABILITY = 5
    GUARANTEE = 6
    HOLLOW = 7  # The use of it: less happens, and whoever reads nothing loses nothing.


class Form(BaseModel):
    """A mapping in which every key is known."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ActorForm(BaseModel):
    """One actor or a group of equal ones; the remaining keys are its wiring."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    is_: Name = Field(alias="is", description="The actor class in the model's module.")
    count: Expression | None = Field(default=None, description="A group of so many instances: name-1, name-2 ...")


class LinkForm(Form):
    """What is different on some links: those to and from the actors or groups named."""

    to: str | None = None
    from_: str | None = Field(default=None, alias="from")
    kind: NetworkKind | None = None
    capacity: Expression | None = None
    when_full: WhenFull | None = None
    reliable: bool | None = Field(None, description="Faults on messages (lose, duplicate, delay) spare these links.")


class NetworkForm(Form):
    """How messages travel."""

    kind: NetworkKind = Field(
        default="fifo",
        description="fifo: one queue for each pair; bag: unordered, each message delivered once; "
        "set: a message stays and may be delivered any number of times.",
    )
    capacity: Expression = Field(default=4, description="Messages that fit on one link.")
    when_full: WhenFull = Field(
        default="error", description="Sending on a full link: an error of the model, or not yet possible."
    )
    links: list[LinkForm] = []


Network = Annotated[
    Annotated[NetworkKind, Tag(WORD)] | Annotated[NetworkForm, Tag(MAPPING)],
    Discriminator(lambda value: WORD if isinstance(value, str) else MAPPING),
]


class FaultsForm(Form):
    """How often each fault may happen in one run: a number, `unlimited`, or a mapping from target to either."""

    crash: Targets = Field(
        default=0, description="An actor stops, forgets its volatile fields, and may restart. Targets: actors."
    )
    pause: Targets = Field(default=0, description="An actor stands still and later goes on, unaware. Targets: actors.")
    lose: Targets = Field(default=0, description="A message disappears. Targets: message types.")
    duplicate: Targets = Field(default=0, description="A message is there twice. Targets: message types.")
    delay: Targets = Field(
        default=0, description="A message outlives its connection and arrives at any time. Targets: message types."
    )


class CheckForm(Form):
    """The predicates of the model that this spec is about."""

    always: list[Predicate] = Field(default=[], description="True in every reachable state.")
    sometimes: list[Predicate] = Field(
        default=[], description="True in some reachable state; else the verdict is `vacuous`."
    )
    final: list[Predicate] = Field(
        default=[], description="A state without successors is accepted if these are true in it."
    )


class ExpectForm(Form):
    """The pinned outcome; `--expect` compares, `--accept` rewrites."""

    verdict: Literal["holds", "violated", "inconclusive", "vacuous"]
    violates: str | None = Field(default=None, description="Name of the predicate that is violated, or `deadlock`.")
    steps: Natural | None = Field(default=None, description="Length of the shortest violating path.")
    distinct_states: Natural | None = None
    transitions: Natural | None = Field(default=None, description="Successors generated, duplicates included.")
    depth: Natural | None = Field(default=None, description="Levels; an initial state alone is depth 1.")


class LimitsForm(Form):
    """Where to stop; the verdict is then `inconclusive`."""

    states: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    seconds: Seconds | None = None
    memory: Size | None = None


class CommonForm(Form):
    """The keys that both forms of a spec share."""

    title: Sentence = Field(description="The claim, in a few words.")
    follows: Sentence | None = Field(default=None, description="The document or source that the model follows.")
    fixed: Sentence | None = Field(
        default=None,
        description="Another spec, relative to this one, in which what is broken here is kept: a report says where the "
        "path goes otherwise there.",
    )
    model: Sentence = Field(description="A module below `model`, or ./file.py relative to this file.")
    expect: ExpectForm | None = None
    limits: LimitsForm | None = None


class WiredForm(CommonForm):
    """A spec whose actors are wired by hand."""

    model_config = ConfigDict(title="Spec file, wired form")

    version: str | None = None
    constants: dict[Name, Expression] = Field(
        default={}, description="Whole numbers, or expressions over the constants above."
    )
    actors: dict[ActorName, ActorForm] = Field(min_length=1)
    network: Network = "fifo"
    faults: FaultsForm = FaultsForm()
    check: CheckForm
    deadlock: Literal["report", "allow"] = Field(default="report", description="A state without successors.")
    not_modelled: list[Sentence] = Field(
        default=[], description="Sentences for the verdict: what this spec leaves out."
    )
    bounds: dict[str, Any] = Field(default={}, description="Further bounds to name in the verdict.")
