"""Holds the floor plan: no import cycles, and the wall between street and vault."""

from __future__ import annotations

import sys

import grimp


def main() -> int:
    graph = grimp.build_graph("generator")
    wrong = [f"the vault reaches into the street: {arrow}" for arrow in _through_the_wall(graph)]
    wrong += [f"an import cycle: {' -> '.join(cycle)}" for cycle in _cycles(graph)]
    print("\n".join(wrong) or f"{len(graph.modules)} modules, no cycles, the wall holds")
    return bool(wrong)


def _through_the_wall(graph: grimp.ImportGraph) -> list[str]:
    """ledger/ may import nothing of the street but `errors`."""
    allowed = ("generator.ledger", "generator.errors")
    return [
        f"{module} -> {imported}"
        for module in sorted(graph.modules)
        if module.startswith("generator.ledger")
        for imported in sorted(graph.find_modules_directly_imported_by(module))
        if not imported.startswith(allowed)
    ]


def _cycles(graph: grimp.ImportGraph) -> list[list[str]]:
    found = []
    for module in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            back = graph.find_shortest_chain(importer=imported, imported=module)
            if back:
                found.append([module, *back])
    return found


if __name__ == "__main__":
    sys.exit(main())
