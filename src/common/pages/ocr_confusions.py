"""What OCR makes of characters, and how often.

Sources, all counted over pairs of recognised and corrected text:

- the share of substitutions, deletions and insertions, what is inserted, how seldom spaces err, and
  most single letters: ECCO's OCR against ECCO-TCP, in the tables of TurkuNLP/ocr_errors_simulator
  (data_files/ecco_i), without what belongs to the 18th century, long s and small capitals;
- one letter for two and two for one (h → li, m → ni, u → ii, w → iv): the 2,906 errors of the MiBio
  OCR dataset (jie-mei/MiBio-OCR-dataset; Mei et al. 2016, arXiv:1611.06950);
- German: ß → B, umlauts without their dots, E → F, from tesseract-ocr/tessdata#82 and
  tesseract-ocr/tesseract#1060, where they are listed but not counted: their weights are ours.
"""

from __future__ import annotations

# Of a character's errors. Splitting a word and hyphenating it happens between letters alone.
SUBSTITUTED, DROPPED = 0.52, 0.30
INSERTED = {".": 0.04, ",": 0.03, "'": 0.03, "-": 0.03, "i": 0.01, "l": 0.01}
INSERTED_IN_WORDS = {" ": 0.06, "-\n": 0.02}

# What is read in place of what is printed, with its share in the substitutions of the latter.
SINGLE: dict[str, dict[str, int]] = {
    "a": {"o": 3, "e": 2, "i": 2, "n": 1, "u": 1, "s": 1},
    "b": {"h": 6, "6": 1, "d": 1, "l)": 1},
    "c": {"e": 4, "o": 2, "d": 1, "t": 1, "(": 1},
    "d": {"cl": 4, "t": 2, "l": 1, "a": 1},
    "e": {"c": 8, "o": 2, "i": 1, "a": 1, "t": 1},
    "f": {"t": 5, "l": 2, "r": 2, "i": 1},
    "g": {"q": 3, "9": 2, "c": 1, "y": 1, "j": 1},
    "h": {"li": 5, "b": 4, "l": 3, "n": 2, "i": 1},
    "i": {"l": 5, "1": 3, "t": 2, "j": 1, "!": 1},
    "j": {"i": 3, ";": 2, "y": 1},
    "k": {"c": 2, "lc": 2, "h": 1, "x": 1},
    "l": {"1": 5, "I": 4, "i": 4, "t": 2, "!": 1, "|": 1},
    "m": {"rn": 5, "ni": 3, "n": 2, "in": 2, "iii": 1},
    "n": {"u": 8, "r": 2, "ii": 1, "h": 1, "ri": 1},
    "o": {"0": 3, "e": 2, "c": 2, "a": 2, "u": 1},
    "p": {"f": 1, "n": 1, "b": 1},
    "q": {"g": 2, "cj": 1, "9": 1},
    "r": {"i": 3, "t": 2, "n": 2, "v": 1, "f": 1},
    "s": {"5": 2, "8": 1, "e": 1, "a": 1, "f": 1},
    "t": {"l": 5, "i": 3, "f": 3, "r": 1},
    "u": {"n": 5, "ii": 4, "a": 1, "o": 1, "v": 1},
    "v": {"y": 2, "u": 2, "r": 1},
    "w": {"iv": 3, "vv": 3, "u": 1, "v": 1},
    "x": {"z": 1, "k": 1},
    "y": {"v": 5, "j'": 2, "i": 2, "g": 1},
    "z": {"2": 3, "s": 1, "x": 1},
    "ä": {"a": 6, "ii": 1, "á": 1},
    "ö": {"o": 6, "6": 1, "ó": 1},
    "ü": {"u": 6, "ii": 3, "ti": 1},
    "ß": {"B": 6, "ss": 1, "8": 1, "fs": 1},
    "A": {"4": 1, "R": 1},
    "B": {"8": 4, "E": 2, "R": 1, "3": 1},
    "C": {"G": 3, "O": 2, "(": 1},
    "D": {"O": 3, "0": 2, "I)": 1},
    "E": {"F": 5, "B": 1, "L": 1},
    "F": {"P": 2, "E": 2, "T": 1},
    "G": {"C": 3, "6": 2, "O": 1},
    "H": {"II": 2, "N": 1, "li": 1},
    "I": {"l": 5, "1": 5, "i": 2, "!": 1, "|": 1},
    "J": {"I": 1, "]": 1},
    "K": {"X": 2, "R": 1},
    "L": {"I": 2, "1": 1, "(": 1},
    "M": {"N": 2, "Al": 1, "IVI": 1},
    "N": {"X": 3, "M": 2, "H": 1},
    "O": {"0": 6, "Q": 2, "D": 1, "C": 1},
    "P": {"F": 2, "R": 2},
    "Q": {"O": 4, "0": 1},
    "R": {"K": 2, "B": 1},
    "S": {"5": 5, "8": 1, "§": 1, "$": 1},
    "T": {"7": 2, "I": 2, "Y": 1},
    "U": {"V": 1, "O": 1, "LI": 1},
    "V": {"Y": 1, "U": 1},
    "W": {"VV": 3, "M": 1},
    "X": {"N": 1, "K": 1},
    "Y": {"V": 2, "T": 1},
    "Z": {"2": 5, "7": 1},
    "Ä": {"A": 6},
    "Ö": {"O": 6, "0": 1},
    "Ü": {"U": 6, "LI": 1},
    "0": {"O": 5, "o": 4, "6": 1, "8": 1},
    "1": {"l": 5, "I": 5, "i": 3, "t": 1, "7": 1},
    "2": {"Z": 3, "7": 1, "?": 1},
    "3": {"8": 3, "5": 1, "J": 1},
    "4": {"A": 2, "1": 1},
    "5": {"S": 5, "6": 2, "s": 2, "8": 1},
    "6": {"b": 2, "5": 1, "8": 1, "G": 1},
    "7": {"1": 3, "T": 1, "?": 1},
    "8": {"B": 3, "S": 2, "3": 2, "0": 1},
    "9": {"g": 2, "q": 1, "0": 1},
    ".": {",": 5, ":": 3, ";": 1, " ": 1, "-": 1},
    ",": {".": 5, ";": 2, "'": 1},
    ":": {";": 3, ".": 2},
    ";": {":": 3, ",": 2},
    "-": {".": 2, " ": 2, "~": 1, "—": 1},
    "(": {"f": 1, "C": 1, "{": 1},
    ")": {"J": 1, "]": 1, "}": 1},
    "€": {"E": 2, "e": 1, "C": 1},
    "§": {"S": 2, "5": 1, "8": 1},
    "/": {"l": 1, "I": 1, "1": 1},
    " ": {"-": 2, ".": 2, "'": 1},
    "\n": {" ": 1},  # lines joined
}
# How prone to errors these are beside any other character.
PRONENESS = {
    " ": 0.55,
    "\n": 0.5,
    "ß": 2.0,
    "ä": 1.5,
    "ö": 1.5,
    "ü": 1.5,
    "0": 2.0,
    "1": 2.0,
    "I": 2.0,
}

# Two for one, on top of what happens to the first: relative to all of one character's errors.
PAIRS: dict[str, dict[str, float]] = {
    "rn": {"m": 0.8},
    "cl": {"d": 0.5},
    "ri": {"n": 0.3},
    "li": {"h": 0.2, "ll": 0.1},
    "in": {"m": 0.2},
    "ni": {"m": 0.2},
    "ii": {"u": 0.3, "n": 0.1},
    "vv": {"w": 0.8},
    "nn": {"uu": 0.2, "rm": 0.1},
    "ll": {"U": 0.1, "11": 0.1},
    "ee": {"cc": 0.2},
    "fi": {"ﬁ": 0.2},
    "fl": {"ﬂ": 0.2},
    "un": {"im": 0.2},
}
