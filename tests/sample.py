"""Where the sample dossiers lie."""

from pathlib import Path

SAMPLE = Path(__file__).resolve().parent.parent / "examples" / "sample"
