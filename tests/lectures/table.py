"""The rows of the lectures: what each is, what must work of it, whose checks it shares.

One line a row: its name, kind and priority (P1 first), its verbs, the rows whose checks are its own
too, and what it is. The verbs: `def` - the system is an expression and has the numbers of the
lecture, `der` - its gradient prints in the lecture's form, `draw` - its picture has the nodes,
edges and labels of the lecture, `comp` - compiled code gives the numbers of the expression, `train`
- its training runs through the values of the lecture. A row without verbs has a reason.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LECTURES", "VERBS", "LectureRow"]

VERBS = ("def", "der", "draw", "comp", "train")

_TABLE = """
S0-01 | model P1 | def der comp |  | a bias absorbed, h = W·x + b = W'·φ(x), φ = [1, x]
S0-02 | model P2 | def comp train |  | hypothesis classes H1 ⊂ H2, the least loss of each
S0-03 | loss P1 | def der comp |  | squared loss with the penalty λ‖W‖²
S0-04 | model P2 | def der comp |  | temperature features, (T - 37)² expanded
S0-05 | model P2 | def der comp |  | log N and bins 1[a < N < b]
S0-06 | model P2 | def der comp |  | Robinson's formula expanded into monomials
S0-07 | model P1 | def der comp |  | all monomials up to a degree
S0-08 | model P1 | def der draw comp |  | two cars: sign(|x1 - x2| - 1), +1 at the border
S0-09 | numeric P1 | def der draw comp |  | two cars: table of hidden units, sign at 0
S0-10 | model P1 | def der draw comp | S0-11 | linear subproblems 1[v·Φ ≥ 0]
S0-11 | activation P1 | def der comp |  | the step replaced by the logistic function
S0-12 | figure P2 | draw | S4-24 | plots of sigmoid, tanh and rectifier
S0-13 | phenomenon P2 | def der comp |  | how many units of a rectified layer are active
S0-14 | figure P1 | def der draw comp |  | score of three features
S0-15 | figure P1 | def der draw comp |  | activated linear function, as one unit or two
S0-16 | figure P1 | draw |  | the network of the two cars
S0-17 | algorithm P1 | def der comp train |  | v1, v2, w learned from y alone
S0-18 | derivative P1 | def der draw comp |  | derivative as sensitivity
S0-19 | derivative P1 | def der draw comp |  | the building blocks and their labels
S0-20 | derivative P1 | def der draw comp |  | a composition: the product along the path
S0-21 | loss P1 | def der draw comp |  | hinge loss
S0-22 | loss P1 | def der draw comp |  | squared loss
S0-23 | loss P1 | def der draw comp |  | squared loss of a network of two layers
S0-24 | algorithm P1 | def der draw comp | S0-23 | forward and backward values of every node
S0-25 | algorithm P1 | comp train |  | one step of gradient descent
S0-26 | derivative P1 | def der draw comp |  | a shared node: the sum over its paths
S0-27 | training P2 | def train |  | one sample many times, round and round, or all at once
S0-28 | training P1 | def comp train |  | greedy autoencoders, then a classifier
S0-29 | phenomenon P2 | def |  | pretraining has no labels
S0-30 | figure P2 | draw |  | deep network, stack of autoencoders
S0-31 | claim P3 | def | S0-28 | a hidden layer extracts features
S0-32 | numeric P2 | def |  | full connection: 10^12 weights
S0-33 | numeric P2 | def |  | local connection: 10^8 weights
S0-34 | numeric P1 | def |  | shared weights: 100
S0-35 | figure P2 | draw | S4-51 | a kernel moved over an image
S0-36 | numeric P1 | def der draw comp |  | a curve filter on a patch, cross-correlation
S0-37 | claim P2 | def |  | parameters depend on the kernels only
S0-38 | model P1 | def der draw comp |  | max and mean pooling
S0-39 | model P1 | def der draw comp |  | convolution, pooling, full connection
S0-40 | figure P1 | draw |  | recurrent network, rolled and unrolled
S0-41 | phenomenon P2 | def der comp |  | the influence of an early input fades
S0-42 | model P1 | def der comp |  | s_t = f(U x_t + W s_{t-1}), any f
S0-43 | figure P1 | draw |  | LSTM cell with its legend
S0-45 | model P1 | def der draw comp |  | a gate: 0 blocks, 1 passes
S0-46 | model P1 | def der draw comp |  | forget gate
S0-47 | model P1 | def der draw comp |  | input gate and candidate
S0-48 | model P1 | def der draw comp |  | update of the cell
S0-49 | model P1 | def der draw comp |  | output gate, all gradients through time
S0-50 | model P1 | def der draw comp |  | peepholes, each of which may be left out
S0-51 | model P1 | def der draw comp |  | coupled gates, 1 - f for i
S0-52 | model P1 | def der draw comp |  | GRU, both conventions
S1-01 | model P1 | def der comp |  | S_t = f(U x_t + W S_{t-1}), O_t = softmax(V S_t)
S1-02 | claim P1 | def |  | shared over time: few parameters
S1-03 | figure P1 | def draw |  | five modes of inputs and outputs
S1-03b | numeric P2 | def der comp |  | the five modes evaluated
S1-04 | model P1 | def der comp train |  | characters of hello
S1-05 | algorithm P1 | def der draw comp | S1-11 | backpropagation through time in three steps
S1-06 | model P1 | def der comp |  | the matrix form as indexed scalars
S1-07 | derivative P1 | def der comp | S1-10 | net_t by net_{t-1}: the chain rule
S1-08 | derivative P1 | def der comp |  | ∂net_t/∂s_{t-1} = W
S1-09 | derivative P1 | def der comp |  | ∂s_{t-1}/∂net_{t-1} = diag[f'(net_{t-1})]
S1-10 | derivative P1 | def der comp |  | ∂net_t/∂net_{t-1} = W diag[f'(net_{t-1})]
S1-11 | derivative P1 | def der comp |  | δ_k as an ordered product
S1-12 | derivative P1 | def der comp |  | δ of the layer below
S1-13 | derivative P1 | def der comp |  | the gradient of W at one time
S1-14 | derivative P1 | def der comp |  | the gradient of W: the sum over time
S1-15 | phenomenon P2 | def |  | γ below and above 1
S1-16 | claim P2 | def der | S2-05 | an LSTM adds up, so that little fades
S2-01 | figure P2 | draw |  | standard RNN and LSTM, repeated
S2-02 | figure P1 | draw | S0-43 | legend of the LSTM cell
S2-03 | figure P2 | draw |  | the cell state as a conveyor belt
S2-04 | algorithm P1 | draw |  | LSTM in four steps
S2-05 | claim P1 | def der draw comp |  | ∂C_T/∂C_0: with the gates fixed, and in full
S2-06 | model P1 | def der draw comp | S0-51 | coupled gates
S2-07 | model P1 | def der draw comp | S0-52 | GRU
S2-08 | claim P2 | def draw |  | the parameters of RNN, LSTM, GRU
S3-01 | model P2 | def der draw comp | S1-03b | a label for every token
S3-02 | numeric P1 | def der comp |  | y = w^999
S3-03 | phenomenon P2 | def der draw comp train |  | error surface with a wall, clipped gradients
S3-04 | activation P1 | def der comp | S4-24 | activation functions
S3-05 | model P1 | def der draw comp |  | 2-3-1 network with the subscripts of the slide
S3-06 | claim P2 | def der |  | two linear layers are one
S3-07 | figure P2 | draw | S0-45 | an open and a closed gate
S3-08 | model P1 | def der draw comp | S0-46 S0-47 S0-48 | forget and input gates
S3-09 | model P1 | def der comp |  | the order [x, h]
S3-10 | phenomenon P3 | def der comp | S0-41 | a long sentence
S3-11 | numeric P2 | def comp |  | a gender cell with gates set by hand
S3-12 | claim P2 | def |  | an open gate passes the gradient
S3-13 | claim P3 |  |  | what is forgotten is gone; attention
S3-14 | claim P3 |  |  | applications
S4-01 | numeric P1 | def der comp |  | the minimum of 2x² + 3x
S4-02 | algorithm P2 | def train comp |  | Hebb's rule
S4-03 | model P1 | def der draw comp |  | McCulloch-Pitts unit
S4-04 | model P1 | def der draw comp |  | perceptron, φ(0) = +1
S4-05 | algorithm P1 | def train comp |  | the perceptron rule
S4-06 | phenomenon P2 | train |  | it converges where a line separates
S4-07 | phenomenon P1 | def |  | no line separates XOR
S4-08 | model P1 | def der draw comp train |  | XOR by threshold units, and trained
S4-09 | figure P2 | def draw comp |  | hidden units as borders of a convex region
S4-10 | claim P1 | def |  | a cycle needs a delay
S4-11 | model P1 | def der comp |  | f = σ(θ0 + θ1 x + θ2 x²)
S4-12 | model P1 | def der comp |  | two layers with θ0 ... θ8
S4-13 | numeric P1 | def der draw comp |  | six rectifiers near a cubic
S4-14 | model P1 | def der comp |  | universal approximation, l2 of l1
S4-15 | model P1 | def der draw comp |  | feedforward prediction, superscripts (1), (2)
S4-16 | loss P1 | def der comp | S4-15 | E(W) = ½ Σ(y_k - d_k)²
S4-17 | derivative P1 | def der comp |  | δ_k of the output layer, either sign
S4-18 | derivative P1 | def der comp |  | δ_j of the hidden layer
S4-19 | numeric P1 | def der draw comp |  | 2-3-2 network with Greek names, its updates
S4-20 | numeric P1 | def draw comp |  | worked example: forward
S4-21 | numeric P1 | def der comp train |  | worked example: backward, in both orders
S4-22 | numeric P1 | def comp train |  | worked example: forward again
S4-23 | figure P3 | draw train | S4-08 | a small network to play with
S4-24 | activation P1 | def der comp |  | σ, tanh, ReLU, softplus, leaky ReLU, ELU
S4-25 | activation P1 | def der comp | S4-24 | ReLU: the derivative at 0 is 0
S4-26 | activation P2 | def der comp |  | noisy ReLU
S4-27 | activation P1 | def der comp | S4-24 | softplus is near to ReLU
S4-28 | activation P2 | def der comp |  | maxout
S4-29 | figure P2 | draw | S4-24 | activation functions and derivatives
S4-30 | figure P2 | draw |  | only active paths carry signal
S4-31 | algorithm P1 | comp train | S0-25 | stochastic gradient descent
S4-32 | loss P1 | def der comp train |  | half the squared error, logistic f
S4-33 | loss P1 | def der comp |  | softmax with cross-entropy
S4-34 | claim P3 |  |  | ideas and difficulties of deep learning
S4-35 | phenomenon P1 | def der comp |  | σ' is at most ¼: five layers
S4-36 | claim P2 | def der comp |  | the gradient of a chain of ReLUs is 1
S4-37 | model P1 | def der draw comp |  | residual block
S4-38 | phenomenon P2 | def der draw comp |  | plain and residual chains
S4-39 | model P1 | def der comp |  | batch normalisation
S4-40 | derivative P1 | def der comp |  | gradients of batch normalisation
S4-41 | phenomenon P3 | train |  | the inputs of a layer drift
S4-42 | model P2 | def der draw comp |  | restricted Boltzmann machine
S4-43 | training P2 | def draw comp train |  | contrastive divergence, CD-1
S4-44 | training P2 | def der draw comp |  | DBN unrolled to an autoencoder
S4-45 | figure P3 | def der draw |  | two factors: PCA
S4-46 | algorithm P1 | comp train |  | Adam, both places of ε
S4-47 | algorithm P2 | train |  | gradient methods compared
S4-48 | training P1 | def der draw comp train |  | dropout
S4-49 | phenomenon P3 | def |  | centre and surround
S4-50 | figure P1 | def der draw comp |  | local connection, shared weights
S4-51 | numeric P1 | def der draw comp |  | 3 x 3 filter on a 5 x 5 image
S4-52 | numeric P1 | def der draw comp |  | three filters, three maps
S4-53 | model P1 | def der draw comp |  | 2 x 2 pooling
S4-54 | claim P3 | def draw | S0-39 | LeNet and its errors
S4-55 | model P1 | def der draw comp |  | convolution over words
S4-56 | model P1 | def der comp |  | o_t = σ(V h_t), apart and concatenated
S4-57 | derivative P1 | def der draw comp |  | how often V, W2, W1 are used
S4-58 | figure P1 | draw | S1-03 | the five modes
S4-59 | model P1 | def der comp train | S1-04 | language model
S4-60 | model P1 | def der draw comp |  | encoder and decoder
S4-61 | phenomenon P2 | def der comp | S0-41 | the gap
S4-64 | model P1 | def der draw comp |  | LSTM in row vectors
S4-65 | model P1 | def der draw comp |  | simple cell in row vectors beside it
S4-66 | figure P2 | def der draw comp | S0-49 | steps of an LSTM, generation, tagging
S4-67 | model P1 | def der draw comp |  | CBOW
S4-68 | derivative P1 | def der comp train |  | updates of CBOW
S4-69 | phenomenon P3 | def |  | king - man + woman
S4-70 | model P3 | def |  | bigrams of hello
S4-71 | model P1 | def der draw comp |  | Elman network
S4-72 | model P2 | def der draw comp |  | bidirectional network
S4-73 | model P2 | def der draw comp |  | image caption: the image enters once
S4-74 | claim P3 |  |  | data and hardware
S4-75 | claim P3 |  |  | tables of results
S4-76 | claim P3 |  |  | summary
"""

#: Why a row has nothing to run.
REASONS = {
    "S3-13": "says what LSTMs lack; attention is named there and not defined",
    "S3-14": "a list of applications, without a system of its own",
    "S4-34": "ideas and difficulties in words; each cure has a row of its own",
    "S4-74": "sizes of data sets and machines: facts to read, nothing to compute",
    "S4-75": "results of others, measured on data and machines that are not at hand",
    "S4-76": "a summary in words; its systems have rows of their own",
}


@dataclass(frozen=True)
class LectureRow:
    """A row: `shares` are the rows whose checks are its own too."""

    identity: str
    kind: str
    priority: str
    verbs: tuple[str, ...]
    shares: tuple[str, ...]
    title: str

    @property
    def reason(self) -> str:
        return REASONS.get(self.identity, "")


def _read(table: str) -> dict[str, LectureRow]:
    rows = {}
    for line in table.strip().splitlines():
        identity, sort, verbs, shares, title = (part.strip() for part in line.split(" | ", 4))
        kind, priority = sort.split()
        given = tuple(verb for verb in VERBS if verb in verbs.split())
        rows[identity] = LectureRow(identity, kind, priority, given, tuple(shares.split()), title)
    return rows


LECTURES = _read(_TABLE)
