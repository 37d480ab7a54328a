"""Where each value lies in the memory that kernel.py (Python) and kernel_loops.py (machine code) share.

Offsets in bytes; every value is one 64-bit integer. Values that several workers write have a cache line (64 bytes)
each, so that one worker's write does not slow the others down.
"""

from __future__ import annotations

from typing import Final

LINE: Final = 64

# The search, shared by all workers: read-mostly values first.
SUCCESSORS: Final = 0  # Address of the model's function.
CHECK: Final = 8
INLINE: Final = 16  # 1: an index entry is the (hashed) state itself. 0: it is a tag and a row.
INDEX: Final = 24  # Address of the index.
INDEX_SHIFT: Final = 32  # 64 - log2(entries): the top bits of a hash are its home position.
INDEX_LIMIT: Final = 40  # The index takes this many states, then it must grow.
SEGMENTS: Final = 48  # How many entries of the segment table are in use (= workers).
BLOCKS: Final = 56  # How many blocks of work the current pass has.
BLOCK_BYTES: Final = 64
COUNTERS: Final = 72  # How many counters the model increments.
OLD_INDEX: Final = 80  # During growth: the index to read from,
OLD_SHIFT: Final = 88  # its shift,
OLD_BEGIN: Final = 96  # and the first entry
OLD_END: Final = 104  # and the end of the part to be moved by this pass.
TARGET_KIND: Final = 112
TARGET_BIT: Final = 120
# One cache line each:
STOP: Final = 128  # Not 0: return at the next batch.
CURSOR: Final = 192  # The next block nobody has taken.
USED: Final = 256  # Entries in the index, and those reserved for batches in flight.
SPREAD: Final = 320  # 1: an entry lies so far from its home that its home cannot be told from its position.
KEY: Final = 328  # Address of the state to find.
SEGMENT: Final = 384  # One segment for each worker from here on:
SEGMENT_FIRST_BLOCK: Final = 0  # The current pass reads the worker's states from begin to end,
SEGMENT_BEGIN: Final = 8  # and these are blocks first_block ... of the pass.
SEGMENT_END: Final = 16
SEGMENT_ROWS: Final = 24  # Address of the worker's first state.
SEGMENT_MARKS: Final = 32  # Address of the mark of the worker's first state.
SEGMENT_NEXT_BEGIN: Final = 40  # Rows (counted within the worker) of the level after the one the pass reads.
SEGMENT_NEXT_END: Final = 48

# One worker.
ID: Final = 0
NEXT: Final = 8  # The address of the next state of the block taken last ...
END: Final = 16  # ... and of its end.
BATCH: Final = 24  # Successors in the output buffer that are not in the index yet.
OUT: Final = 32  # Output buffer: states, their hashes, and the positions where probing has got to.
HASHES: Final = 40
PLACES: Final = 48  # At least BATCH_MIN of them.
CAPACITY: Final = 56  # In states.
NEEDED: Final = 64  # The capacity that a state turned out to need.
ROWS: Final = 72  # Rows written so far.
ROWS_MAX: Final = 80
COUNTS: Final = 88  # Address of the model's counters,
SCRATCH: Final = 96  # and of as many that nobody reads.
TRANSITIONS: Final = 104
DEADLOCKS: Final = 112
ERRORS: Final = 120
EVENTS: Final = 128
RECENT: Final = 136  # Address of the worker's table of states it has met lately,
RECENT_SHIFT: Final = 144  # and 64 - log2(how many).
FLAGS: Final = 152  # Part of the output buffer: for each state the address of the mark of the one it comes from.
WORKER_BYTES: Final = 192

# What the machine code can be asked for.
EXPAND: Final = 0
CHECK_EVENTS: Final = 1
MARK: Final = 2
MOVE: Final = 3
REBUILD: Final = 4
FIND: Final = 5
HASH: Final = 6

# How a pass ends.
DONE: Final = 0
STOPPED: Final = 1
GROW: Final = 2
BUFFER: Final = 3
FULL: Final = 4

# What mark_targets looks for.
EVENT: Final = 0
DEADLOCK: Final = 1
ERROR: Final = 2

BATCH_MIN: Final = 256  # Successors hashed and prefetched before the first is looked up.
WORKERS_MAX: Final = 63
LOCAL_BITS: Final = 34  # A row is worker << LOCAL_BITS | number within the worker.
ROW_BITS: Final = 40
TAG_SKIP: Final = 8  # The tag is the 24 bits of the hash after the first 8.
TAG_BITS: Final = 24
OLD_BLOCK: Final = 4096  # Index entries moved at a time during growth.

# What `successors` adds to the number it returns: the model calls this state a deadlock (which states are, it decides).
STUCK: Final = 1 << 62
