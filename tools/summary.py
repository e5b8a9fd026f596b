"""Print what `make course` made: pages, notebooks, the demo's scores, and where to look."""

import json
import pickle
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(demo: str) -> None:
    """Read the book's environment and the demo's JSON, and print a few lines."""
    with (ROOT / "_build/.doctrees/environment.pickle").open("rb") as file:
        env = pickle.load(file)  # noqa: S301  our own build wrote it
    runs = [meta["exec_data"] for meta in env.nb_metadata.values() if meta.get("exec_data")]
    seconds = sum(run["runtime"] for run in runs)
    grades = json.loads(Path(demo).read_text())
    print(f"\nBook       {len(env.found_docs)} pages, {len(runs)} notebooks run in {seconds:.0f} s")
    print("           open _build/html/index.html")
    print("Exercises  exercises/release, for students")
    print(f"Demo       {grades['assignment']}, graded into exercises/demo/gradebook.db")
    for row in grades["submissions"]:
        score = f"{row['score']:g} of {row['max_score']:g}" if row["score"] is not None else "none"
        print(f"           {row['student']:16} {score:>9}  {row['status']}")
        for why in [*row["diagnoses"], row["reason"]]:
            if why:
                print(f"             {textwrap.shorten(why, 80)}")


if __name__ == "__main__":
    main(sys.argv[1])
