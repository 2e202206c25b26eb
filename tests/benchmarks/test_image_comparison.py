from benchmarks.image.compare import table


def test_ratios_are_of_the_same_round_and_the_table_tells_their_median():
    found = {
        "ours": {"train": [100, 50, 90], "infer": [8, 8, 8], "first_batch": 2.5, "resident": 400.4},
        "eager": {"train": [50, 50, 30], "infer": [4, 2, 1], "first_batch": 9, "resident": 500},
    }
    rows = table(found).splitlines()[2:]
    assert rows[0] == "| ours | 90.0 | 1.00 | 8.0 | 1.00 | 2.5 | 400 |"
    assert rows[1] == "| eager | 50.0 | 2.00 | 2.0 | 4.00 | 9.0 | 500 |"
