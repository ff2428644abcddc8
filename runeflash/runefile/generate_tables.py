"""The grammar of the Dockerfile-like dialect to the tables that its parser reads.

Lark builds the tables once, for whoever changes the grammar; importing it and analysing a grammar would take
``check`` longer than everything else that it does. ``python -m runeflash.runefile.generate_tables`` writes them.
"""

from __future__ import annotations

import pprint
from pathlib import Path

_FOLDER = Path(__file__).parent
GRAMMAR = _FOLDER / "dockerfile.lark"
TABLES = _FOLDER / "dockerfile_tables.py"

_HEADER = '''"""Generated from dockerfile.lark by runeflash.runefile.generate_tables; not to be edited.

ACTIONS has for every state what to do at each terminal: a number is the state to go to, a tuple is the rule to reduce
(its name and how many symbols it has; `start:` marks a whole statement). END is the end of a statement. GO_TO has the
state after a rule.
"""

from __future__ import annotations

# ruff: noqa: E501
# fmt: off

'''


def generate() -> str:
    """Return the text of the tables' module."""
    from lark import Lark
    from lark.parsers.lalr_analysis import Shift

    lark = Lark(GRAMMAR.read_text(), parser="lalr", maybe_placeholders=False)
    table = lark.parser.parser._parse_table
    rules = {rule.origin.name for rule in lark.rules}
    # Renumbered in the order in which they are reached, so that the same grammar always gives the same text.
    numbers = {table.start_states["start"]: 0}
    queue = [table.start_states["start"]]
    actions: dict[int, dict[str, int | tuple[str, int]]] = {}
    go_to: dict[int, dict[str, int]] = {}
    while queue:
        state = queue.pop(0)
        actions[numbers[state]], go_to[numbers[state]] = {}, {}
        for symbol, (action, argument) in sorted(table.states[state].items()):
            if action is Shift:
                if argument not in numbers:
                    numbers[argument] = len(numbers)
                    queue.append(argument)
                if symbol in rules:
                    go_to[numbers[state]][symbol] = numbers[argument]
                else:
                    actions[numbers[state]]["END" if symbol == "$END" else symbol] = numbers[argument]
            else:
                name = str(argument.alias or argument.origin.name)
                key = "END" if symbol == "$END" else symbol
                actions[numbers[state]][key] = (
                    f"start:{name}" if argument.origin.name == "start" else name,
                    len(argument.expansion),
                )
    terminals = {terminal.name: terminal.pattern.to_regexp() for terminal in lark.terminals}
    final = numbers[table.end_states["start"]]
    parts: list[tuple[str, object]] = [
        ("TERMINALS: dict[str, str]", terminals),
        ("ACTIONS: dict[int, dict[str, int | tuple[str, int]]]", actions),
        ("GO_TO: dict[int, dict[str, int]]", {state: row for state, row in go_to.items() if row}),
    ]
    text = "\n".join(f"{name} = {pprint.pformat(value, width=118, sort_dicts=True)}" for name, value in parts)
    return f"{_HEADER}{text}\nFINAL = {final}\n"


if __name__ == "__main__":
    TABLES.write_text(generate())
