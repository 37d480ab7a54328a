"""The benchmark models in Promela, for SPIN: one d_step is one step of the actor model, so that all counts agree.

Everything is unrolled into one process, which is the fastest form for SPIN that was found. The property is
asserted in each step that could break it.
"""

from __future__ import annotations

from collections.abc import Iterable


def two_phase_commit(rms: int) -> str:
    """model/textbook/two_phase_commit.py; the message set is a bit mask."""
    everyone = range(rms)
    commit, abort = 1 << rms, 1 << rms + 1
    some_committed = " || ".join(f"rm[{i}] == COMMITTED" for i in everyone)
    some_aborted = " || ".join(f"rm[{i}] == ABORTED" for i in everyone)
    head = f"""
#define WORKING 0
#define PREPARED 1
#define COMMITTED 2
#define ABORTED 3
#define CONSISTENT assert(!(({some_committed}) && ({some_aborted})))
byte manager; /* 0: init, 1: committed, 2: aborted */
short prepared;
int sent; /* bit i: rm i is prepared; then the bits of commit and abort */
byte rm[{rms}];
"""
    steps = [
        f"manager == 0 && prepared == {(1 << rms) - 1} -> manager = 1; sent = sent | {commit}",
        f"manager == 0 -> manager = 2; sent = sent | {abort}",
    ]
    for i in everyone:
        vote = 1 << i
        steps += [
            f"manager == 0 && (sent & {vote}) -> prepared = prepared | {vote}",
            f"rm[{i}] == WORKING -> rm[{i}] = PREPARED; sent = sent | {vote}",
            f"rm[{i}] == WORKING -> rm[{i}] = ABORTED; CONSISTENT",
            f"(sent & {commit}) -> rm[{i}] = COMMITTED; CONSISTENT",
            f"(sent & {abort}) -> rm[{i}] = ABORTED; CONSISTENT",
        ]
    return head + _process(steps)


def idempotent_producer(records: int, retries: int, in_flight: int, capacity: int) -> str:
    """model/textbook/idempotent_producer.py; a bag is a count for each message it can hold."""
    head = f"""
byte next_sequence, pending, in_flight, requests, replies, expected, length;
byte retried[{records}], request[{records}], acknowledged[{records}], out_of_order[{records}], log[{records}];
inline append(s) {{
  if
  :: length < {records} -> log[length] = s; length++; assert(log[length - 1] == length - 1)
  :: else -> assert(false)
  fi
}}
"""
    steps = [
        f"next_sequence < {records} && requests < {capacity} && in_flight < {in_flight} -> "
        "pending = pending | (1 << next_sequence); in_flight++; request[next_sequence]++; requests++; next_sequence++"
    ]
    for s in range(records):
        bit = 1 << s
        may_resend = f"(pending & {bit}) && retried[{s}] < {retries} && requests < {capacity}"
        resend = f"retried[{s}]++; request[{s}]++; requests++"
        steps += [
            f"{may_resend} -> {resend}",
            f"request[{s}] > 0 -> request[{s}]--; requests--",
            f"request[{s}] > 0 && requests < {capacity} -> request[{s}]++; requests++",
            f"request[{s}] > 0 && replies < {capacity} -> request[{s}]--; requests--; replies++; "
            f"if :: {s} == expected -> append({s}); expected++; acknowledged[{s}]++ "
            f":: {s} < expected -> acknowledged[{s}]++ :: {s} > expected -> out_of_order[{s}]++ fi",
        ]
        for reply in ("acknowledged", "out_of_order"):
            steps += [
                f"{reply}[{s}] > 0 -> {reply}[{s}]--; replies--",
                f"{reply}[{s}] > 0 && replies < {capacity} -> {reply}[{s}]++; replies++",
            ]
        steps += [
            f"acknowledged[{s}] > 0 && (pending & {bit}) -> acknowledged[{s}]--; replies--; "
            f"pending = pending & ~{bit}; in_flight--; retried[{s}] = 0; assert(length > {s} && log[{s}] == {s})",
            f"out_of_order[{s}] > 0 && {may_resend} -> out_of_order[{s}]--; replies--; {resend}",
        ]
    return head + _process(steps)


def _process(steps: Iterable[str]) -> str:
    options = "\n".join(f"  :: d_step {{ {step} }}" for step in steps)
    return f"active proctype Everyone() {{\nend: do\n{options}\n  od\n}}\n"
