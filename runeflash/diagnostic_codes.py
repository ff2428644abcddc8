"""Every diagnostic code with its meaning: the catalogue that ``docs/diagnostics.md`` is generated from.

A code is stable: it keeps its meaning for ever, and a number that is no longer used is not given out again.
The hundreds group them: 1 the text, 2 names and order, 3 files and resources, 4 stages and their arguments,
5 types and shapes.
"""

from __future__ import annotations

CATALOGUE: dict[str, str] = {}


def _code(code: str, meaning: str) -> str:
    assert code not in CATALOGUE, code
    CATALOGUE[code] = meaning
    return code


# --- the text
MALFORMED_TEXT = _code("RF101", "The file is not the text that it should be: not YAML, or not UTF-8.")
TOO_LARGE = _code("RF102", "The file is too large, too deeply nested, or has too many nodes.")
MISSING_FIELD = _code("RF103", "A key that is required is missing.")
WRONG_FORM = _code("RF104", "A value has the wrong form, such as a list where a map belongs.")
UNKNOWN_KEY = _code("RF105", "A key that nothing reads; it has no effect.")
DUPLICATE_KEY = _code("RF106", "A key occurs twice in the same map.")
BAD_NAME = _code("RF107", "A name that is no valid identifier, or is no text.")
WRONG_VERSION = _code("RF108", "The version is not 1.")
MISSING_VERSION = _code("RF109", "The version is missing; 1 is assumed.")
NO_STAGE_KIND = _code("RF110", "A stage is none of model, proc-block, capability and out, or several of them.")
OUTPUT_SPELLING = _code("RF111", "`output` was written for `out`.")
UNKNOWN_ELEMENT_TYPE = _code("RF112", "An element type that does not exist.")
BAD_DIMENSION = _code("RF113", "A dimension or a whole tensor has an impossible size.")
BAD_ARGUMENT_VALUE = _code("RF114", "An argument's value has a form that arguments cannot have.")
# RF115 was: the file is in the Dockerfile-like dialect.
OLDER_DIALECT = _code("RF116", "A statement in a form that the Dockerfile-like dialect had before February 2021.")
WRONG_STATEMENT = _code("RF117", "A statement of the Dockerfile-like dialect that is not complete, or not correct.")
WRONG_FROM = _code("RF118", "FROM is missing, or is not the first statement.")

# --- names and order
UNKNOWN_INPUT = _code("RF201", "An input names a stage that does not exist.")
INPUT_WITHOUT_OUTPUTS = _code("RF202", "An input names a stage that has no outputs.")
NO_SUCH_OUTPUT = _code("RF203", "An input names an output number that the stage does not have.")
CYCLE = _code("RF204", "A stage's input depends on its own output.")
DUPLICATE_NAME = _code("RF205", "Two stages or resources have the same name.")
UNUSED_STAGE = _code("RF206", "Nothing uses the outputs of a stage.")
UNUSED_RESOURCE = _code("RF207", "Nothing uses a resource.")
UNKNOWN_IMAGE = _code("RF208", "The image is not runicos/base. (An error only when building.)")

# --- files and resources
UNREADABLE_FILE = _code("RF301", "A model's or resource's file cannot be read.")
NO_RESOURCE = _code("RF302", "A reference names a resource that is not defined.")
NOT_A_RESOURCE = _code("RF303", "A reference names a stage.")
WRONG_RESOURCE_KIND = _code("RF304", "A string resource stands where binary data belong, or the reverse.")
CONFLICTING_RESOURCE = _code("RF305", "A resource has both a path and an inline value.")
RESOURCE_WITHOUT_DATA = _code("RF306", "A resource that is used has no data. (An error only when building.)")
DIRECTORY = _code("RF307", "A folder stands for a file. (An error only when building.)")
UNKNOWN_OVERRIDE = _code("RF308", "The command line gives data for a resource that does not exist.")
NOT_TEXT = _code("RF309", "A string resource is not UTF-8.")

# --- stages and their arguments
UNKNOWN_CAPABILITY = _code("RF401", "A capability that does not exist, or that is reserved.")
UNKNOWN_OUT = _code("RF402", "An output kind that does not exist, or that is reserved.")
BAD_BLOCK_PATH = _code("RF403", "The path of a proc block or of the image has the wrong form.")
UNKNOWN_BLOCK = _code(
    "RF404",
    "A proc block does not exist. (The hotg-ai ones are an error only when building.)",
)
BLOCK_FALLBACK = _code("RF405", "A local proc block does not exist, so the built-in one of its name is used.")
BLOCK_REPOSITORY = _code("RF406", "A proc block in a git repository that was not fetched yet, or cannot be.")
BAD_BLOCK = _code("RF407", "A local proc block's block.yaml is wrong.")
UNKNOWN_ARGUMENT = _code("RF408", "A stage has no argument of that name.")
BAD_ARGUMENT = _code("RF409", "An argument's value has the wrong type or is out of range.")
MISSING_ARGUMENT = _code("RF410", "A required argument is missing.")
UNUSED_ARGUMENTS = _code("RF411", "Arguments that nothing reads.")
BAD_VERBATIM = _code("RF412", "A value that starts with @ is no expression of those that are allowed.")
UNKNOWN_MODEL_FORMAT = _code("RF413", "A model format that does not exist.")
UNSUPPORTED_MODEL_FORMAT = _code("RF414", "A model is not a TensorFlow Lite file. (An error only when building.)")
DAMAGED_MODEL = _code("RF415", "A model's file is damaged.")
WRONG_INPUT_COUNT = _code("RF416", "A stage has too few or too many inputs.")
WRONG_OUTPUT_COUNT = _code("RF417", "A stage declares too few or too many outputs.")
DEFAULT_RATE = _code("RF418", "A SOUND capability without a sample rate: 16 kHz is assumed.")
RATE_MISMATCH = _code("RF419", "A capability's arguments and its type speak of different amounts of data.")
CAPABILITY_CONFLICT = _code("RF420", "A capability's arguments contradict each other or its declared type.")
BOARD_LACKS = _code("RF421", "A board does not have a capability.")

# --- types and shapes
UNDECIDED_TYPE = _code("RF501", "The type of a tensor can be inferred from nothing.")
TYPE_MISMATCH = _code("RF502", "Producer and consumer disagree in element type or element count.")
RANK_MISMATCH = _code("RF503", "Producer and consumer agree in element type and count but not in rank.")
MODEL_SIGNATURE = _code(
    "RF504",
    "A model's real inputs or outputs are not those of the Runefile. (An error only when building.)",
)
SIGN_MISMATCH = _code("RF505", "A u8 tensor stands for an i8 one, or the reverse: the bytes are unchanged.")
BLOCK_INPUT = _code("RF506", "A proc block does not take an input of this type or shape.")
BLOCK_OUTPUT = _code("RF507", "A proc block's declared output is not what the block gives.")
BLOCK_CHECK = _code("RF508", "A proc block's own condition on its inputs and arguments does not hold.")
DYNAMIC_TENSOR = _code("RF509", "A tensor whose size varies stands where a fixed size is needed.")
