"""The parts of the native engine: ranks, order, coordinates, taut strings."""

import itertools
from collections import Counter

import hypothesis.strategies as st
import networkx as nx
import pytest
from hypothesis import given

from symgraph.draw.engines import coords, order, ranks
from symgraph.draw.engines.taut import pulled
from symgraph.errors import DrawError


@st.composite
def dags(draw, most=30):
    """A number of nodes and edges (tail, head) that only go up."""
    count = draw(st.integers(2, most))
    ends = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    pairs = draw(st.lists(ends.filter(lambda pair: pair[0] != pair[1]), max_size=2 * count))
    return count, tuple((min(pair), max(pair)) for pair in pairs)


def shortest_total(count, edges):
    """The least sum of edge lengths, by the dual: a flow of the greatest length (networkx)."""
    weights = Counter((head, tail) for tail, head in edges)
    graph = nx.DiGraph()
    demand = Counter()
    for (upper, lower), weight in weights.items():
        demand[upper] -= weight
        demand[lower] += weight
    for node in range(count):
        graph.add_node(node, demand=demand[node])
    for upper, lower in weights:
        graph.add_edge(upper, lower, weight=-1)
    return -nx.min_cost_flow_cost(graph)


@given(dags())
def test_operands_rank_below_their_users_and_the_edges_are_as_short_as_can_be(dag):
    count, edges = dag
    found = ranks.assign(count, edges)

    assert all(found[tail] > found[head] for tail, head in edges)
    assert shortest_total(count, edges) == sum(found[tail] - found[head] for tail, head in edges)


@given(dags(most=20))
def test_each_connected_part_begins_at_rank_zero(dag):
    count, edges = dag
    found = ranks.assign(count, edges)

    for part in nx.connected_components(nx.Graph([*edges, *((v, v) for v in range(count))])):
        assert 0 == min(found[v] for v in part)


def test_a_large_graph_gets_valid_ranks_without_the_simplex():
    last = 2 * ranks.EXACT
    edges = (*((k, k + 1) for k in range(last)), (0, last))

    assert list(range(last, -1, -1)) == ranks.assign(last + 1, edges)


def test_edges_in_a_circle_are_refused():
    with pytest.raises(DrawError, match="go round in a circle"):
        ranks.assign(3, ((0, 1), (1, 2), (2, 0)))


def layered(layer_of, down):
    layers = order.Layers(layer_of, down)
    order.reduce_crossings(layers)
    return layers


def crossings_by_hand(layers):
    """Every pair of edges between the same two layers, compared directly."""
    edges = [(v, w) for v, lowers in enumerate(layers.down) for w in lowers]
    place = layers.place
    return sum(
        layers.layer_of[a] == layers.layer_of[c]
        and (place[a] - place[c]) * (place[b] - place[d]) < 0
        for k, (a, b) in enumerate(edges)
        for c, d in edges[:k]
    )


def test_a_tree_is_drawn_without_crossings_and_with_its_operands_in_order():
    # 0 has the operands 1 and 2, these 3, 4 and 5, 6; numbers do not follow the order.
    layers = layered([0, 1, 1, 2, 2, 2, 2], [[2, 1], [6, 3], [5, 4], [], [], [], []])

    assert [[0], [2, 1], [5, 4, 6, 3]] == layers.layers


def test_operands_change_places_where_that_saves_a_crossing():
    # f(a, b) and g(c, b) need b in the middle, so one pair stands the other way round.
    layers = layered([0, 0, 1, 1, 1], [[2, 3], [4, 3], [], [], []])

    assert 0 == crossings_by_hand(layers)
    assert 1 == layers.place[3]


@given(st.integers(1, 6), st.integers(1, 6), st.data())
def test_the_count_of_crossings_agrees_with_comparing_all_pairs(upper, lower, data):
    down = [
        data.draw(st.lists(st.integers(upper, upper + lower - 1), max_size=5)) for _ in range(upper)
    ]
    layers = layered([0] * upper + [1] * lower, down + [[] for _ in range(lower)])

    assert crossings_by_hand(layers) == order.count_crossings(layers)


@given(st.data())
def test_a_small_drawing_has_the_fewest_crossings_of_all_orders(data):
    sizes = data.draw(st.tuples(*[st.integers(1, 4)] * 3))
    starts = [0, sizes[0], sizes[0] + sizes[1], sum(sizes)]
    layer_of = [level for level, size in enumerate(sizes) for _ in range(size)]
    down = [
        sorted(
            data.draw(st.sets(st.integers(starts[level + 1], starts[level + 2] - 1), max_size=3))
        )
        if level < 2
        else []
        for level in layer_of
    ]
    found = crossings_by_hand(layered(layer_of, down))

    trial = order.Layers(layer_of, down)
    orders = [
        itertools.permutations(range(start, end)) for start, end in itertools.pairwise(starts)
    ]
    fewest = found
    for rows in itertools.product(*orders):
        trial.arrange([list(row) for row in rows])
        fewest = min(fewest, crossings_by_hand(trial))
        if fewest < found:
            break
    assert found == fewest


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(0.1, 9), st.floats(0, 20)), min_size=1))
def test_fitted_places_keep_their_gaps_and_cannot_be_improved_by_moving_a_run(entries):
    wanted, weights, gaps = (list(column) for column in zip(*entries, strict=True))
    gaps = gaps[1:]
    found = coords.fit(wanted, weights, gaps)

    assert all(
        b - a >= gap - 1e-9 for (a, b), gap in zip(itertools.pairwise(found), gaps, strict=True)
    )
    # Optimal exactly when every run of touching places stands at the weighted mean of its wishes.
    start = 0
    for index in range(1, len(found) + 1):
        if index < len(found) and found[index] - found[index - 1] < gaps[index - 1] + 1e-9:
            continue
        run = range(start, index)
        pull = sum(weights[k] * (wanted[k] - found[k]) for k in run)
        assert abs(pull) < 1e-6 * (1 + sum(weights[k] for k in run))
        start = index


def test_a_parent_stands_over_the_middle_of_its_children():
    links = [[(1, 1.0), (2, 1.0)], [(0, 1.0)], [(0, 1.0)]]
    found = coords.assign([[0], [1, 2]], [[], [40.0]], links, [0, 1, 1], 40)

    assert 40.0 == pytest.approx(found[2] - found[1])
    assert found[0] == pytest.approx((found[1] + found[2]) / 2)


@given(
    st.lists(st.tuples(st.floats(-40, 40), st.floats(0, 30)), max_size=12),
    st.floats(-40, 40),
    st.floats(-40, 40),
)
def test_a_taut_string_stays_in_its_gates_and_bends_only_at_their_posts(openings, start, end):
    gates = [
        (0.0, start, start),
        *((1.0 + k, low, low + width) for k, (low, width) in enumerate(openings)),
        (1.0 + len(openings), end, end),
    ]
    found = pulled(gates)

    for x, (_, low, high) in zip(found, gates, strict=True):
        assert low - 1e-6 <= x <= high + 1e-6
    for k in range(1, len(found) - 1):
        bend = found[k + 1] - 2 * found[k] + found[k - 1]
        # It turns up round a lower post only and down round an upper one.
        if bend < -1e-6:
            assert found[k] == pytest.approx(gates[k][1], abs=1e-6)
        elif bend > 1e-6:
            assert found[k] == pytest.approx(gates[k][2], abs=1e-6)
