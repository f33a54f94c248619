"""What every way down to a vertex leads through, against networkx."""

import hypothesis.strategies as st
import networkx as nx
from hypothesis import given

from symgraph.dominators import nearest_dominators


@st.composite
def users_of_vertices(draw):
    """The users of the vertices 0, 1, ..., of which each is used by earlier ones or by none."""
    count = draw(st.integers(0, 30))
    return [
        draw(st.lists(st.integers(0, vertex - 1), max_size=4)) if vertex else []
        for vertex in range(count)
    ]


@given(users_of_vertices())
def test_nearest_dominators_are_those_of_networkx_below_one_root_of_all_roots(users):
    whole = nx.DiGraph()
    whole.add_node("all")
    for vertex, heads in enumerate(users):
        whole.add_edges_from((head, vertex) for head in (heads or ["all"]))
    wanted = nx.immediate_dominators(whole, "all")
    found = nearest_dominators(range(len(users)), users.__getitem__)

    assert {v: "all" if above is None else above for v, above in found.items()} == {
        vertex: wanted[vertex] for vertex in range(len(users))
    }


def test_a_vertex_at_both_ends_of_a_chain_is_below_its_last_user_only():
    count = 20_000
    users = [[], *([k] for k in range(count)), [0, count]]
    found = nearest_dominators(range(count + 2), users.__getitem__)

    assert found[count] == count - 1
    assert found[count + 1] == 0
