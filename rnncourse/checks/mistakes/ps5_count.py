"""What learners count instead of parameters, each mistake as a formula that runs."""

from collections.abc import Callable, Mapping

from rnncourse.cells import count_parameters
from rnncourse.checks.declare import Function, Mistake

BLOCKS = {"rnn": 1, "lstm": 4, "gru": 3}
GATES = {"rnn": 1, "lstm": 3, "gru": 2}
PARAMETERS = "costs-parameters"


def _count(
    formula: Callable[[int, int, int, int], int], blocks: Mapping[str, int] = BLOCKS
) -> Function:
    """Make a count of parameters; the formula sees G, I, H and the number of biases."""

    def wrong(cell: str, input_size: int, hidden_size: int, biases: int = 2) -> int:
        return formula(blocks[cell], input_size, hidden_size, biases)

    return wrong


def _right(G: int, I: int, H: int, b: int) -> int:
    return G * H * (I + H + b)


def _with_peepholes(cell: str, input_size: int, hidden_size: int, biases: int = 2) -> int:
    peepholes = 3 * hidden_size if cell == "lstm" else 0
    return count_parameters(cell, input_size, hidden_size, biases) + peepholes


def _like_keras(cell: str, input_size: int, hidden_size: int, biases: int = 2) -> int:
    return count_parameters(cell, input_size, hidden_size, 2 if cell == "gru" else 1)


COUNT = (
    Mistake(
        "gates-counted",
        "a count with three blocks for the LSTM and two for the GRU, one for each gate",
        "Which part of a cell has weights of its own, and is no gate?",
        PARAMETERS,
        _count(_right, GATES),
    ),
    Mistake(
        "blocks-swapped",
        "a count with three blocks for the LSTM and four for the GRU",
        "Which of the two cells has an output gate?",
        PARAMETERS,
        _count(_right, {"rnn": 1, "lstm": 3, "gru": 4}),
    ),
    Mistake(
        "four-blocks-for-the-gru",
        "a count with four blocks for the GRU as well",
        "Which letters stand for the gates of a GRU, and which for its candidate?",
        PARAMETERS,
        _count(_right, BLOCKS | {"gru": 4}),
    ),
    Mistake(
        "two-blocks-for-the-gru",
        "a count with two blocks for the GRU, and four for the LSTM",
        "Which letters stand for the gates of a GRU, and which for its candidate?",
        PARAMETERS,
        _count(_right, BLOCKS | {"gru": 2}),
    ),
    Mistake(
        "three-blocks-for-the-lstm",
        "a count with three blocks for the LSTM, as many as for the GRU",
        "Which letters stand for the gates of an LSTM, and which for its candidate?",
        PARAMETERS,
        _count(_right, BLOCKS | {"lstm": 3}),
    ),
    Mistake(
        "one-block",
        "a count with one block for every cell",
        "How many rows has W_x when the cell has four blocks?",
        PARAMETERS,
        _count(lambda G, I, H, b: _right(1, I, H, b)),
    ),
    Mistake(
        "one-bias",
        "a count with one bias vector, whatever biases says",
        "How does your count change when biases goes from 1 to 2?",
        PARAMETERS,
        _count(lambda G, I, H, b: _right(G, I, H, 1)),
    ),
    Mistake(
        "two-biases",
        "a count with two bias vectors, whatever biases says",
        "What is left of your count when biases is 0?",
        PARAMETERS,
        _count(lambda G, I, H, b: _right(G, I, H, 2)),
    ),
    Mistake(
        "keras",
        "a count in the convention of Keras: one bias vector, and two for the GRU",
        "Where does your count look at the argument biases?",
        PARAMETERS,
        _like_keras,
    ),
    Mistake(
        "biases-forgotten",
        "a count without biases",
        "How does your count change when biases goes from 1 to 2?",
        PARAMETERS,
        _count(lambda G, I, H, b: _right(G, I, H, 0)),
    ),
    Mistake(
        "biases-doubled",
        "a count with that many bias vectors for each of the two products",
        "With biases=2, which vectors are there in torch.nn.LSTM, and how long is each?",
        PARAMETERS,
        _count(lambda G, I, H, b: _right(G, I, H, 2 * b)),
    ),
    Mistake(
        "biases-once-a-layer",
        "a count with biases for one block alone",
        "Does each block of rows have biases of its own?",
        PARAMETERS,
        _count(lambda G, I, H, b: _right(G, I, H, 0) + b * H),
    ),
    Mistake(
        "one-number-a-bias",
        "a count in which a bias is one number a block",
        "How long is the bias of one block: a number for the block, or one for each unit?",
        PARAMETERS,
        _count(lambda G, I, H, b: _right(G, I, H, 0) + b * G),
    ),
    Mistake(
        "one-number-a-layer",
        "a count in which a bias is one number in all",
        "To what shape is the bias added, and how many different numbers does that take?",
        PARAMETERS,
        _count(lambda G, I, H, b: _right(G, I, H, 0) + b),
    ),
    Mistake(
        "bias-as-long-as-the-input",
        "a count in which a bias has one number for each input",
        "What is a bias added to: the input, or the result of the product?",
        PARAMETERS,
        _count(lambda G, I, H, b: G * (H * (I + H) + b * I)),
    ),
    Mistake(
        "recurrent-weights-forgotten",
        "a count without W_h",
        "Which weights does the state before the step meet?",
        PARAMETERS,
        _count(lambda G, I, H, b: G * H * (I + b)),
    ),
    Mistake(
        "input-weights-forgotten",
        "a count without W_x",
        "Which weights does the input meet?",
        PARAMETERS,
        _count(lambda G, I, H, b: G * H * (H + b)),
    ),
    Mistake(
        "input-weights-shared",
        "a count in which all blocks share the input's weights",
        "How many rows has W_x in torch.nn.LSTM?",
        PARAMETERS,
        _count(lambda G, I, H, b: H * I + G * H * (H + b)),
    ),
    Mistake(
        "recurrent-weights-shared",
        "a count in which all blocks share the recurrent weights",
        "How many rows has W_h in torch.nn.LSTM?",
        PARAMETERS,
        _count(lambda G, I, H, b: H * H + G * H * (I + b)),
    ),
    Mistake(
        "sizes-swapped",
        "a count with the two sizes swapped",
        "Which of the two sizes stands twice in the shape of W_h?",
        PARAMETERS,
        _count(lambda G, I, H, b: _right(G, H, I, b)),
    ),
    Mistake(
        "size-not-squared",
        "a count with 2 H in the place of H squared",
        "How many rows and how many columns has the part of W_h that belongs to one block?",
        PARAMETERS,
        _count(lambda G, I, H, b: G * H * (I + 2 + b)),
    ),
    Mistake(
        "output-layer-too",
        "a count that includes an output layer of I rows",
        "Which arrays does the exercise count: those of the layer, or those of a whole model?",
        PARAMETERS,
        _count(lambda G, I, H, b: _right(G, I, H, b) + I * H),
    ),
    Mistake(
        "square-of-the-sum",
        "a count with a square matrix of I + H rows and columns a block",
        "A block reads I + H numbers. How many does it make?",
        PARAMETERS,
        _count(lambda G, I, H, b: G * ((I + H) ** 2 + b * H)),
    ),
    Mistake(
        "peepholes",
        "a count with peepholes: three vectors more for the LSTM",
        "In this course, do the gates of the LSTM look at c?",
        PARAMETERS,
        _with_peepholes,
    ),
    Mistake(
        "bytes",
        "a count of bytes, four a parameter",
        "How many numbers are there in a vector of three float32?",
        PARAMETERS,
        _count(lambda G, I, H, b: 4 * _right(G, I, H, b)),
    ),
)
