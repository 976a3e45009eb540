"""Write the outlines of the map on the report page, from a file of the npm package world-atlas.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python tools/world_map.py package/countries-110m.json

The package has the countries of Natural Earth (public domain) at 1:110 million as TopoJSON: arcs,
each of which is a coast, where one country uses it, or a border, where two do. Both become an
SVG path in tenths of a degree, east and south of 0.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

OUTPUT = Path(__file__).parents[1] / "src/counterclaim/reports/page/world.json"


def main() -> None:
    """Read the file that is named, and write the outlines."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("topology", type=Path, help="countries-110m.json")
    topology = json.loads(parser.parse_args().topology.read_text(encoding="utf-8"))
    uses = Counter(
        arc if arc >= 0 else ~arc
        for country in topology["objects"]["countries"]["geometries"]
        for arc in _numbers(country.get("arcs", []))
    )
    paths = {"coasts": "", "borders": ""}
    for number, arc in enumerate(topology["arcs"]):
        kind = "coasts" if uses[number] == 1 else "borders"
        paths[kind] += _path(arc, topology["transform"])
    OUTPUT.write_text(json.dumps(paths, indent=0) + "\n", encoding="utf-8")


def _numbers(arcs: list[Any]) -> Iterator[int]:
    for each in arcs:
        if isinstance(each, list):
            yield from _numbers(each)
        else:
            yield each


def _path(arc: list[list[int]], transform: dict[str, list[float]]) -> str:
    """An arc, whose points are given as steps, as a path of steps in tenths of a degree."""
    (width, height), (east, north) = transform["scale"], transform["translate"]
    x = y = 0
    points: list[tuple[int, int]] = []
    for dx, dy in arc:
        x, y = x + dx, y + dy
        point = round(10 * (x * width + east)), round(-10 * (y * height + north))
        if point not in points[-1:]:
            points.append(point)
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points)]
    # Half of the world and more in one step is the other edge of the map: the pen is lifted.
    drawn = [f"{'m' if abs(dx) > 1800 else 'l'}{dx},{dy}" for dx, dy in steps]
    return f"M{points[0][0]},{points[0][1]}{''.join(drawn)}" if drawn else ""


if __name__ == "__main__":
    main()
