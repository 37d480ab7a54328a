"""The inner loops of the breadth-first search, in the subset of Python that kernel_compiler.py translates.

Everything is a 64-bit integer: addresses, counts, hashes. Arithmetic is signed and wraps around; `>>>` is the
intrinsic `lshr`. Imported only to be compiled; kernel.py runs the result.

Exactness: a state is new only if no equal state is in the index, and equality is always of all words. Two workers
that find the same new state race for one empty cell with compare-and-swap; the loser sees the winner's entry and
compares with it, so each state gets one row whatever the number of workers.
"""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir

from checker.kernel_compiler import WORD, Intrinsic
from checker.kernel_layout import (
    BATCH,
    BATCH_MIN,
    BLOCK_BYTES,
    BLOCKS,
    BUFFER,
    CAPACITY,
    CHECK,
    CHECK_EVENTS,
    COUNTERS,
    COUNTS,
    CURSOR,
    DEADLOCK,
    DEADLOCKS,
    DONE,
    END,
    ERROR,
    ERRORS,
    EVENT,
    EVENTS,
    EXPAND,
    FIND,
    FLAGS,
    FULL,
    GROW,
    HASHES,
    ID,
    INDEX,
    INDEX_LIMIT,
    INDEX_SHIFT,
    INLINE,
    KEY,
    LOCAL_BITS,
    MARK,
    MOVE,
    NEEDED,
    NEXT,
    OLD_BEGIN,
    OLD_BLOCK,
    OLD_END,
    OLD_INDEX,
    OLD_SHIFT,
    OUT,
    PLACES,
    REBUILD,
    RECENT,
    RECENT_SHIFT,
    ROW_BITS,
    ROWS,
    ROWS_MAX,
    SCRATCH,
    SEGMENT,
    SEGMENT_BEGIN,
    SEGMENT_END,
    SEGMENT_FIRST_BLOCK,
    SEGMENT_MARKS,
    SEGMENT_NEXT_BEGIN,
    SEGMENT_NEXT_END,
    SEGMENT_ROWS,
    SEGMENTS,
    SPREAD,
    STOP,
    STOPPED,
    STUCK,
    SUCCESSORS,
    TAG_BITS,
    TAG_SKIP,
    TARGET_BIT,
    TARGET_KIND,
    TRANSITIONS,
    USED,
)

BYTE: Final = ir.IntType(8)
INT32: Final = ir.IntType(32)

STATE_WORDS = 1  # Each number of words has code of its own: kernel.py compiles with another value.

# Odd 64-bit constants (as signed) of the well-known finalizers of splitmix64 and xxhash.
SEED = 0x27D4EB2F165667C5
MULTIPLY_1 = 0xBF58476D1CE4E5B9 - (1 << 64)
MULTIPLY_2 = 0x9E3779B185EBCA87 - (1 << 64)
ROW_MASK = (1 << ROW_BITS) - 1
LOCAL_MASK = (1 << LOCAL_BITS) - 1


def _word_at(builder: Any, address: Any) -> Any:
    return builder.inttoptr(address, WORD.as_pointer())


def _emit_store(builder: Any, address: Any, value: Any) -> Any:
    builder.store(value, _word_at(builder, address))
    return value


def _emit_load_byte(builder: Any, address: Any) -> Any:
    return builder.zext(builder.load(builder.inttoptr(address, BYTE.as_pointer())), WORD)


def _emit_store_byte(builder: Any, address: Any, value: Any) -> Any:
    builder.store(builder.trunc(value, BYTE), builder.inttoptr(address, BYTE.as_pointer()))
    return value


def _emit_prefetch(builder: Any, address: Any) -> Any:
    pointer = BYTE.as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [pointer, INT32, INT32, INT32])
    function = builder.module.globals.get("llvm.prefetch.p0") or ir.Function(builder.module, kind, "llvm.prefetch.p0")
    arguments = [builder.inttoptr(address, pointer), INT32(0), INT32(3), INT32(1)]  # To read, into every cache, data.
    builder.call(function, arguments)
    return address


def _emit_swap(builder: Any, address: Any, expected: Any, new: Any) -> Any:
    result = builder.cmpxchg(_word_at(builder, address), expected, new, "acq_rel", "acquire")
    return builder.extract_value(result, 0)


def _emit_call(builder: Any, function: Any, *arguments: Any) -> Any:
    kind = ir.FunctionType(WORD, [WORD] * len(arguments))
    return builder.call(builder.inttoptr(function, kind.as_pointer()), arguments)


load = Intrinsic(1, lambda builder, address: builder.load(_word_at(builder, address)))
load_acquire = Intrinsic(1, lambda builder, address: builder.load_atomic(_word_at(builder, address), "acquire", 8))
load_relaxed = Intrinsic(1, lambda builder, address: builder.load_atomic(_word_at(builder, address), "monotonic", 8))
store = Intrinsic(2, _emit_store)
load_byte = Intrinsic(1, _emit_load_byte)
store_byte = Intrinsic(2, _emit_store_byte)
prefetch = Intrinsic(1, _emit_prefetch)
lshr = Intrinsic(2, lambda builder, value, bits: builder.lshr(value, bits))  # By 0 to 63 bits.
swap = Intrinsic(3, _emit_swap)  # Stores `new` if `expected` is there; returns what was there.
add_atomic = Intrinsic(
    2, lambda builder, address, value: builder.atomic_rmw("add", _word_at(builder, address), value, "monotonic")
)
call_check = Intrinsic(2, _emit_call)
call_successors = Intrinsic(5, _emit_call)


def hash_state(state: int) -> int:
    """Mixes all words; its top bits are the best. For one word it is a bijection, which inline entries rely on."""
    value = SEED
    for i in range(STATE_WORDS):
        value = (value ^ load(state + 8 * i)) * MULTIPLY_1
        value ^= lshr(value, 32)
    return value * MULTIPLY_2


def equal(left: int, right: int) -> bool:
    for i in range(STATE_WORDS):  # noqa: SIM110 (The subset has no generators.)
        if load(left + 8 * i) != load(right + 8 * i):
            return False
    return True


def copy(source: int, target: int) -> int:
    for i in range(STATE_WORDS):
        store(target + 8 * i, load(source + 8 * i))
    return 0


def tag_of(value: int) -> int:
    return lshr(value << TAG_SKIP, 64 - TAG_BITS)


def claim(shared: int, worker: int) -> int:
    """Take the next block of the pass; 0 when there is none left."""
    block = add_atomic(shared + CURSOR, 1)
    if block >= load(shared + BLOCKS):
        return 0
    segment = shared + SEGMENT
    last = segment + 64 * (load(shared + SEGMENTS) - 1)
    while segment < last and load(segment + 64 + SEGMENT_FIRST_BLOCK) <= block:
        segment += 64
    size = load(shared + BLOCK_BYTES)
    begin = load(segment + SEGMENT_BEGIN) + (block - load(segment + SEGMENT_FIRST_BLOCK)) * size
    store(worker + NEXT, begin)
    store(worker + END, min(begin + size, load(segment + SEGMENT_END)))
    return 1


def take_back_counts(shared: int, worker: int, state: int, out: int, room: int) -> int:
    """Undo what the call that has just failed for want of room added to the model's counters.

    The model is deterministic, so the same call once more, into counters that are zero, adds the same numbers.
    """
    counts, scratch, number = load(worker + COUNTS), load(worker + SCRATCH), load(shared + COUNTERS)
    for i in range(number):
        store(scratch + 8 * i, 0)
    call_successors(load(shared + SUCCESSORS), state, out, room, scratch)
    for i in range(number):
        store(counts + 8 * i, load(counts + 8 * i) - load(scratch + 8 * i))
    return 0


def is_stuck(number: int) -> int:
    """Whether the model says, in what `successors` returned, that this state is a deadlock."""
    return 1 if number >= STUCK else 0


def is_recent(worker: int, state: int, value: int) -> bool:
    """Whether this worker has met the state lately; if not, remember it.

    Successors of neighbours in a level are often the same, and this table stays in the processor's cache, unlike the
    index: it saves a third of the time. No state matches a slot of zeros: the hash of a state of zeros is not 0.
    """
    if STATE_WORDS == 1:  # The hash is as good as the state.
        slot = load(worker + RECENT) + 8 * lshr(value, load(worker + RECENT_SHIFT))
        if load(slot) == value:
            return value != 0
        store(slot, value)
        return False
    slot = load(worker + RECENT) + 8 * (1 + STATE_WORDS) * lshr(value, load(worker + RECENT_SHIFT))
    if load(slot) == value and equal(state, slot + 8):
        return True
    store(slot, value)
    copy(state, slot + 8)
    return False


def generate(shared: int, worker: int) -> int:
    """Fill the output buffer with the successors of the next states; their index cells are on the way meanwhile."""
    size = 8 * STATE_WORDS
    function, counts = load(shared + SUCCESSORS), load(worker + COUNTS)
    index, shift = load(shared + INDEX), load(shared + INDEX_SHIFT)
    out, hashes, capacity = load(worker + OUT), load(worker + HASHES), load(worker + CAPACITY)
    state, end = load(worker + NEXT), load(worker + END)
    deadlocks, errors, generated, batch, status = 0, 0, 0, 0, DONE
    while batch < BATCH_MIN:
        if state == end:
            if claim(shared, worker) == 0:
                break
            state, end = load(worker + NEXT), load(worker + END)
        room = capacity - batch
        number = call_successors(function, state, out + batch * size, room, counts)
        stuck = is_stuck(number)
        number -= stuck * STUCK
        if number > room:
            take_back_counts(shared, worker, state, out + batch * size, room)
            if batch == 0:  # Else there is room once the batch has been settled.
                store(worker + NEEDED, number)
                status = BUFFER
            break
        state += size
        deadlocks += stuck
        if number <= 0:
            errors += number < 0
            continue
        generated += number
        for i in range(batch, batch + number):
            value = hash_state(out + i * size)
            if is_recent(worker, out + i * size, value):
                continue
            copy(out + i * size, out + batch * size)
            store(hashes + 8 * batch, value)
            prefetch(index + 8 * lshr(value, shift))
            batch += 1
    store(worker + NEXT, state)
    store(worker + END, end)
    store(worker + BATCH, batch)
    store(worker + TRANSITIONS, load(worker + TRANSITIONS) + generated)
    store(worker + DEADLOCKS, load(worker + DEADLOCKS) + deadlocks)
    store(worker + ERRORS, load(worker + ERRORS) + errors)
    return status


def settle_inline(shared: int, worker: int, batch: int) -> int:
    """Look each successor up in an index whose entries are the hashes, which for one word are the states."""
    index, shift = load(shared + INDEX), load(shared + INDEX_SHIFT)
    out, hashes = load(worker + OUT), load(worker + HASHES)
    mask = lshr(-1, shift)
    row = load(shared + SEGMENT + 64 * load(worker + ID) + SEGMENT_ROWS) + 8 * load(worker + ROWS)
    begin = row
    for i in range(batch):
        key = load(hashes + 8 * i)
        place = lshr(key, shift)
        if key == 0:  # 0 says "empty", so this state has a cell of its own behind all others.
            key, place = 1, mask + 1
        while True:
            found = load_relaxed(index + 8 * place)
            if found == 0:
                found = swap(index + 8 * place, 0, key)
                if found == 0:
                    store(row, load(out + 8 * i))
                    row += 8
                    break
            if found == key:
                break
            place = (place + 1) & mask
    added = (row - begin) >> 3
    store(worker + ROWS, load(worker + ROWS) + added)
    return added


def address_of(shared: int, row: int) -> int:
    base = load(shared + SEGMENT + 64 * (row >> LOCAL_BITS) + SEGMENT_ROWS)
    return base + (row & LOCAL_MASK) * 8 * STATE_WORDS


def probe(shared: int, worker: int, batch: int) -> int:
    """Follow each successor to the first cell that is empty or looks like it, and prefetch the row it points to."""
    index, shift = load(shared + INDEX), load(shared + INDEX_SHIFT)
    hashes, places = load(worker + HASHES), load(worker + PLACES)
    mask = lshr(-1, shift)
    for i in range(batch):
        value = load(hashes + 8 * i)
        place, tag = lshr(value, shift), tag_of(value)
        while True:
            found = load_relaxed(index + 8 * place)
            if found == 0:
                break
            if lshr(found, ROW_BITS) == tag:
                row = address_of(shared, (found & ROW_MASK) - 1)
                prefetch(row)
                if STATE_WORDS > 1:  # A row of several words may lie on two cache lines.
                    prefetch(row + 8 * STATE_WORDS - 8)
                break
            place = (place + 1) & mask
        store(places + 8 * i, place)
    return 0


def settle_rows(shared: int, worker: int, batch: int) -> int:
    """Look each successor up in an index of tags and rows; a new one becomes the next row of this worker."""
    size = 8 * STATE_WORDS
    index, shift = load(shared + INDEX), load(shared + INDEX_SHIFT)
    out, hashes, places = load(worker + OUT), load(worker + HASHES), load(worker + PLACES)
    mask = lshr(-1, shift)
    far = lshr(mask, TAG_SKIP + 1)
    row = (load(worker + ID) << LOCAL_BITS) + load(worker + ROWS)
    begin = row
    address = address_of(shared, row)
    probe(shared, worker, batch)
    for i in range(batch):
        value, place, state = load(hashes + 8 * i), load(places + 8 * i), out + i * size
        tag = tag_of(value)
        while True:
            found = load_acquire(index + 8 * place)
            if found == 0:
                copy(state, address)  # Before the swap: whoever sees the entry may read the row.
                found = swap(index + 8 * place, 0, (tag << ROW_BITS) + row + 1)
                if found == 0:
                    row += 1
                    address += size
                    if ((place - lshr(value, shift)) & mask) > far:
                        store(shared + SPREAD, 1)
                    break
            if lshr(found, ROW_BITS) == tag and equal(state, address_of(shared, (found & ROW_MASK) - 1)):
                break
            place = (place + 1) & mask
    store(worker + ROWS, load(worker + ROWS) + row - begin)
    return row - begin


def settle(shared: int, worker: int) -> int:
    """Put the batch into the index, if that has room for all of it."""
    batch = load(worker + BATCH)
    if load(worker + ROWS) + batch > load(worker + ROWS_MAX):
        store(shared + STOP, 1)
        return FULL
    if add_atomic(shared + USED, batch) + batch > load(shared + INDEX_LIMIT):
        add_atomic(shared + USED, -batch)
        store(shared + STOP, 1)
        return GROW
    if STATE_WORDS == 1 and load(shared + INLINE) == 1:
        added = settle_inline(shared, worker, batch)
    else:
        added = settle_rows(shared, worker, batch)
    add_atomic(shared + USED, added - batch)
    store(worker + BATCH, 0)
    return DONE


def expand(shared: int, worker: int) -> int:
    """Expand states until the pass is over or the worker has to stop; a batch left over is settled at the next call."""
    while True:
        if load(worker + BATCH) > 0:
            status = settle(shared, worker)
            if status != DONE:
                return status
        if load_relaxed(shared + STOP) != 0:
            return STOPPED
        status = generate(shared, worker)
        if status != DONE:
            store(shared + STOP, 1)
            return status
        if load(worker + BATCH) == 0:
            return DONE


def check(shared: int, worker: int) -> int:
    """Collect the events of the states of the pass."""
    size, function = 8 * STATE_WORDS, load(shared + CHECK)
    while True:
        if load_relaxed(shared + STOP) != 0:
            return STOPPED
        if claim(shared, worker) == 0:
            return DONE
        state, end = load(worker + NEXT), load(worker + END)
        events = load(worker + EVENTS)
        while state < end:
            events |= call_check(function, state)
            state += size
        store(worker + EVENTS, events)
        store(worker + NEXT, end)


def move(shared: int) -> int:
    """Insert a part of the old index into the new one.

    A home is the top bits of a hash, so in a doubled index the home of an entry is about twice its old position: old
    and new are both walked in order, and no row is read. An entry's own hash is known (inline), or enough of it: its
    position gives the first TAG_SKIP bits, its tag the next 24.
    """
    index, shift = load(shared + INDEX), load(shared + INDEX_SHIFT)
    old, old_shift, all_end = load(shared + OLD_INDEX), load(shared + OLD_SHIFT), load(shared + OLD_END)
    mask, old_mask, inline = lshr(-1, shift), lshr(-1, old_shift), load(shared + INLINE)
    far = lshr(mask, TAG_SKIP + 1)
    window = lshr(-1, old_shift + TAG_SKIP)  # The part of an old home that the tag tells.
    while True:
        begin = load(shared + OLD_BEGIN) + OLD_BLOCK * add_atomic(shared + CURSOR, 1)
        if begin >= all_end:
            return DONE
        for position in range(begin, min(begin + OLD_BLOCK, all_end)):
            entry = load(old + 8 * position)
            if entry == 0:
                continue
            if inline == 1:
                place = lshr(entry, shift)
            else:
                top = lshr(entry, ROW_BITS) << (64 - TAG_BITS - TAG_SKIP)  # The tag's bits in their place in the hash.
                low = lshr(top, old_shift)
                home = (position - ((position - low) & window)) & old_mask
                place = lshr((home >> (64 - TAG_SKIP - old_shift)) << (64 - TAG_SKIP) | top, shift)
            home = place
            while swap(index + 8 * place, 0, entry) != 0:
                place = (place + 1) & mask
            if ((place - home) & mask) > far:
                store(shared + SPREAD, 1)


def rebuild(shared: int, worker: int) -> int:
    """Insert a part of one worker's states, known to be distinct from all others, into an index of rows."""
    size, shift, index = 8 * STATE_WORDS, load(shared + INDEX_SHIFT), load(shared + INDEX)
    mask = lshr(-1, shift)
    far = lshr(mask, TAG_SKIP + 1)
    hashes = load(worker + PLACES)  # HASHES may be in use.
    first, last = load(shared + OLD_BEGIN), load(shared + OLD_END)
    while True:
        row = first + BATCH_MIN * add_atomic(shared + CURSOR, 1)
        if row >= last:
            return DONE
        batch = min(BATCH_MIN, last - row)
        state = address_of(shared, row)
        for i in range(batch):
            value = hash_state(state + i * size)
            store(hashes + 8 * i, value)
            prefetch(index + 8 * lshr(value, shift))
        for i in range(batch):
            value = load(hashes + 8 * i)
            place = lshr(value, shift)
            while swap(index + 8 * place, 0, (tag_of(value) << ROW_BITS) + row + i + 1) != 0:
                place = (place + 1) & mask
            if ((place - lshr(value, shift)) & mask) > far:
                store(shared + SPREAD, 1)


def look_up(shared: int, state: int, value: int, place: int) -> int:
    """The row of a state, or -1, looked for from `place` on. The index must be one of rows."""
    index, mask, tag = load(shared + INDEX), lshr(-1, load(shared + INDEX_SHIFT)), tag_of(value)
    while True:
        found = load_relaxed(index + 8 * place)
        if found == 0:
            return -1
        if lshr(found, ROW_BITS) == tag:
            row = (found & ROW_MASK) - 1
            if equal(state, address_of(shared, row)):
                return row
        place = (place + 1) & mask


def is_marked_next(shared: int, row: int) -> int:
    """Whether the row belongs to the level after the one of the pass, and is marked."""
    segment = shared + SEGMENT + 64 * (row >> LOCAL_BITS)
    local = row & LOCAL_MASK
    if local < load(segment + SEGMENT_NEXT_BEGIN) or local >= load(segment + SEGMENT_NEXT_END):
        return 0
    return load_byte(load(segment + SEGMENT_MARKS) + local)


def is_target(shared: int, state: int, number: int) -> int:
    """Whether a state, for which `successors` returned `number`, is of the kind that is looked for."""
    kind = load(shared + TARGET_KIND)
    if kind == EVENT:
        return (call_check(load(shared + CHECK), state) >> load(shared + TARGET_BIT)) & 1
    if kind == DEADLOCK:
        return is_stuck(number)
    return 1 if kind == ERROR and number < 0 else 0


def claim_to_mark(shared: int, worker: int) -> int:
    """The address of the mark of the worker's next state; 0 when there is none left, -1 when the worker must stop."""
    if load(worker + NEXT) == load(worker + END):
        if load_relaxed(shared + STOP) != 0:
            return -1
        if claim(shared, worker) == 0:
            return 0
    state, segment = load(worker + NEXT), shared + SEGMENT
    while not (load(segment + SEGMENT_BEGIN) <= state and state < load(segment + SEGMENT_END)):
        segment += 64
    return load(segment + SEGMENT_MARKS) + (state - load(segment + SEGMENT_ROWS)) // (8 * STATE_WORDS)


def mark_batch(shared: int, worker: int, batch: int) -> int:
    """Mark the states whose successors in the batch are marked."""
    out, hashes, places, flags = load(worker + OUT), load(worker + HASHES), load(worker + PLACES), load(worker + FLAGS)
    probe(shared, worker, batch)
    for i in range(batch):
        flag = load(flags + 8 * i)
        if load_byte(flag) == 0:
            row = look_up(shared, out + i * 8 * STATE_WORDS, load(hashes + 8 * i), load(places + 8 * i))
            if row >= 0 and is_marked_next(shared, row) != 0:
                store_byte(flag, 1)
    return 0


def mark(shared: int, worker: int) -> int:
    """Mark the states of the pass that are targets, or (any other kind) that have a marked successor."""
    size, kind, function = 8 * STATE_WORDS, load(shared + TARGET_KIND), load(shared + SUCCESSORS)
    out, hashes, flags, capacity = (
        load(worker + OUT),
        load(worker + HASHES),
        load(worker + FLAGS),
        load(worker + CAPACITY),
    )
    index, shift = load(shared + INDEX), load(shared + INDEX_SHIFT)
    batch = 0
    while True:
        flag = claim_to_mark(shared, worker)
        if flag <= 0:
            mark_batch(shared, worker, batch)
            return DONE if flag == 0 else STOPPED
        state, end = load(worker + NEXT), load(worker + END)
        while state < end:
            number, room = 0, capacity - batch
            if kind != EVENT:
                number = call_successors(function, state, out + batch * size, room, load(worker + SCRATCH))
            successors = number - is_stuck(number) * STUCK
            if successors > room or batch >= BATCH_MIN:
                mark_batch(shared, worker, batch)
                if batch == 0:
                    store(worker + NEXT, state)
                    store(worker + NEEDED, successors)
                    store(shared + STOP, 1)
                    return BUFFER
                batch = 0
                continue  # The same state again.
            if kind <= ERROR:
                if is_target(shared, state, number) != 0:
                    store_byte(flag, 1)
            else:
                for i in range(batch, batch + successors):
                    value = hash_state(out + i * size)
                    store(hashes + 8 * i, value)
                    store(flags + 8 * i, flag)
                    prefetch(index + 8 * lshr(value, shift))
                batch += max(successors, 0)
            flag += 1
            state += size
        store(worker + NEXT, end)


def find(shared: int) -> int:
    """The row of the state at KEY, or -1."""
    value = hash_state(load(shared + KEY))
    return look_up(shared, load(shared + KEY), value, lshr(value, load(shared + INDEX_SHIFT)))


def hash_batch(worker: int) -> int:
    """Hash the states that Python has put into the output buffer."""
    for i in range(load(worker + BATCH)):
        value = hash_state(load(worker + OUT) + i * 8 * STATE_WORDS)
        store(load(worker + HASHES) + 8 * i, value)
    return 0


def checker_kernel(which: int, shared: int, worker: int) -> int:
    """The one function that Python calls."""
    if which == EXPAND:
        return expand(shared, worker)
    if which == CHECK_EVENTS:
        return check(shared, worker)
    if which == MARK:
        return mark(shared, worker)
    if which == MOVE:
        return move(shared)
    if which == REBUILD:
        return rebuild(shared, worker)
    if which == FIND:
        return find(shared)
    return hash_batch(worker)
