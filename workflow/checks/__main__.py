"""`python -m workflow.checks [FILE]`: what is wrong with the definition, a line a problem."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .checking import definition_problems

DEFINITION = Path(__file__).resolve().parents[1] / "training.asl.json"

if __name__ == "__main__":
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFINITION
    problems = definition_problems(json.loads(file.read_text("utf-8")))
    print("\n".join(problems) or f"{file.name}: nothing wrong")
    sys.exit(bool(problems))
