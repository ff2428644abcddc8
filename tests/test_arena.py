"""The arena planner: nothing that is alive together overlaps, and the plan is near the bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runeflash.arena import ALIGNMENT, Buffer, peak_live_bytes, plan_arena

LIFETIMES = st.lists(
    st.tuples(st.integers(0, 500), st.integers(0, 20), st.integers(0, 6)).map(lambda t: (t[0], t[1], t[1] + t[2])),
    max_size=25,
)


@given(LIFETIMES)
def test_no_overlap(lifetimes: list[tuple[int, int, int]]) -> None:
    buffers = [Buffer(str(number), *lifetime) for number, lifetime in enumerate(lifetimes)]
    plan = plan_arena(buffers)
    for a in buffers:
        assert plan.offsets[a.name] % ALIGNMENT == 0
        assert plan.offsets[a.name] + a.size <= plan.size
        for b in buffers:
            together = a is not b and a.first <= b.last and b.first <= a.last
            if together and a.size and b.size:
                start_a, start_b = plan.offsets[a.name], plan.offsets[b.name]
                assert start_a + a.size <= start_b or start_b + b.size <= start_a
    assert plan.size >= peak_live_bytes(buffers)
    assert plan == plan_arena(list(reversed(buffers)))


def test_a_chain_takes_its_two_largest_neighbours() -> None:
    sizes = [1536, 512, 256, 64]
    buffers = [Buffer(str(step), size, step, step + 1) for step, size in enumerate(sizes)]
    assert plan_arena(buffers).size == 1536 + 512 == peak_live_bytes(buffers)
