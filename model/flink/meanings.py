"""What the words of a spec mean that are not Flink's: a clause for each. Those of an application are Kafka's."""

from __future__ import annotations

from collections.abc import Iterator

from model.flink.forms import Document
from model.kafka.meanings import Line, Words, lines

WORDS: Words = {
    # --- A job ---
    "channels": "inputs of its operator, with the barriers in them: {}",
    "parallelism": "subtasks: {}",
    "commands": "what is typed, `flink ...`, in this order, each at any time",
    # --- A topic ---
    "aborted": "offsets of records whose transaction their producer has aborted",
    "added": {"true": "the partition is added after the job has listed what there is", "false": ""},
    "others": {
        "true": "the first listing had other partitions, which the model leaves out",
        "false": "the first listing was empty",
    },
    # --- The whole ---
    "checkpoints": "at most {} are triggered in a run",
}


def own_words(document: Document) -> Iterator[Line]:
    """What the spec says in words that are nobody's but its own, with what they mean."""
    for name, job in document.jobs.items():
        yield from lines(f"{name}.", job, WORDS)
    for name, topic in document.topics.items():
        yield from lines(f"{name}.", topic, WORDS)
    for name, app in document.apps.items():
        yield from lines(f"{name}.", app)
    yield from lines("", document, WORDS)
