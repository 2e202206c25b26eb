"""Faults put into a definition, each by a seed."""

import copy
import random


def states_of(machine):
    """(states of a machine, name) of every state, those of branches included."""
    for name, state in machine["States"].items():
        yield machine["States"], name
        for branch in state.get("Branches", ()):
            yield from states_of(branch)


def nodes(value, path=()):
    """(container, key) of everything below a value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(entries):
        yield value, key
        if isinstance(inner, dict | list):
            yield from nodes(inner)


def misspelt(word, draw):
    """Two neighbouring letters swapped, or one dropped."""
    places = [i for i in range(len(word) - 1) if word[i].isalpha() and word[i] != word[i + 1]]
    i = draw.choice(places)
    return draw.choice([word[:i] + word[i + 1] + word[i] + word[i + 2 :], word[:i] + word[i + 1 :]])


def picked(definition, draw, wanted):
    found = [(c, k) for c, k in nodes(definition) if wanted(c, k)]
    return draw.choice(found)


def picked_state(definition, draw, wanted):
    found = [(s, n) for s, n in states_of(definition) if wanted(s[n])]
    return draw.choice(found)


def renamed_state(definition, draw):
    states, name = picked_state(definition, draw, lambda s: True)
    states[misspelt(name, draw)] = states.pop(name)
    return f"'{name}' renamed"


def removed_state(definition, draw):
    states, name = picked_state(definition, draw, lambda s: True)
    del states[name]
    return f"'{name}' removed"


def dropped_catch(definition, draw):
    states, name = picked_state(definition, draw, lambda s: "Catch" in s)
    del states[name]["Catch"]
    return f"Catch of '{name}' dropped"


def weakened_catch(definition, draw):
    states, name = picked_state(definition, draw, lambda s: "Catch" in s)
    states[name]["Catch"][0]["ErrorEquals"] = ["States.Timeout"]
    return f"Catch of '{name}' catches time-outs alone"


def catch_without_result_path(definition, draw):
    states, name = picked_state(
        definition, draw, lambda s: any("ResultPath" in c for c in s.get("Catch", ()))
    )
    del states[name]["Catch"][0]["ResultPath"]
    return f"Catch of '{name}' overwrites the data"


def dropped_retry(definition, draw):
    states, name = picked_state(definition, draw, lambda s: "Retry" in s)
    del states[name]["Retry"]
    return f"Retry of '{name}' dropped"


def wrong_retry(definition, draw):
    states, name = picked_state(definition, draw, lambda s: "Retry" in s)
    retrier = draw.choice(states[name]["Retry"])
    field, value = draw.choice(
        [
            ("BackoffRate", 0.5),
            ("MaxAttempts", 0),
            ("MaxDelaySeconds", 86400),
            ("IntervalSeconds", 0),
            ("ErrorEquals", ["States.ALL"]),
            ("ErrorEquals", ["States.TaskFailed"]),
        ]
    )
    retrier[field] = value
    return f"Retry of '{name}': {field} {value}"


def misspelt_error(definition, draw):
    container, key = picked(
        definition,
        draw,
        lambda c, k: isinstance(c, list) and isinstance(c[k], str) and "." in c[k],
    )
    before = container[key]
    container[key] = misspelt(before, draw)
    return f"error {before} → {container[key]}"


def wrong_path(definition, draw):
    container, key = picked(
        definition,
        draw,
        lambda c, k: (
            isinstance(c, dict)
            and isinstance(c[k], str)
            and c[k].startswith("$.")
            and k not in ("ResultPath",)
        ),
    )
    before = container[key]
    container[key] = "$." + misspelt(before[2:], draw)
    return f"{key}: {before} → {container[key]}"


def wrong_result_path(definition, draw):
    states, name = picked_state(definition, draw, lambda s: s.get("ResultPath"))
    before = states[name]["ResultPath"]
    states[name]["ResultPath"] = "$." + misspelt(before[2:], draw)
    return f"ResultPath of '{name}': {before} → {states[name]['ResultPath']}"


def dropped_result_path(definition, draw):
    states, name = picked_state(
        definition, draw, lambda s: "ResultPath" in s and s["Type"] != "Fail"
    )
    del states[name]["ResultPath"]
    return f"ResultPath of '{name}' dropped"


def misspelt_parameter(definition, draw):
    states, name = picked_state(
        definition, draw, lambda s: s["Type"] == "Task" and s.get("Parameters")
    )
    parameters = states[name]["Parameters"]
    inner = [
        (c, k)
        for c, k in nodes(parameters)
        if isinstance(c, dict) and c is not parameters.get("Message")
    ]
    container, key = draw.choice(inner)
    stem, dollar = (key[:-2], ".$") if key.endswith(".$") else (key, "")
    container[misspelt(stem, draw) + dollar] = container.pop(key)
    return f"parameter '{key}' of '{name}' misspelt"


def dropped_dollar(definition, draw):
    container, key = picked(definition, draw, lambda c, k: isinstance(k, str) and k.endswith(".$"))
    container[key[:-2]] = container.pop(key)
    return f"'{key}' lost its .$"


def wrong_resource(definition, draw):
    states, name = picked_state(definition, draw, lambda s: "Resource" in s)
    before = states[name]["Resource"]
    head, _, action = before.rpartition(":")
    changed = draw.choice([action.removesuffix(".sync"), misspelt(action, draw)])
    states[name]["Resource"] = f"{head}:{changed if changed != action else action + '.sync'}"
    return f"Resource of '{name}': {states[name]['Resource']}"


def other_next(definition, draw):
    """Leads to another state of the same machine."""
    states, name = picked_state(definition, draw, lambda s: "Next" in s)
    others = [other for other in states if other not in (name, states[name]["Next"])]
    states[name]["Next"] = draw.choice(others)
    return f"'{name}' leads to '{states[name]['Next']}'"


def early_end(definition, draw):
    states, name = picked_state(definition, draw, lambda s: "Next" in s)
    del states[name]["Next"]
    states[name]["End"] = True
    return f"'{name}' ends"


def wrong_choice(definition, draw):
    states, name = picked_state(definition, draw, lambda s: s["Type"] == "Choice")
    state = states[name]
    target = state["Choices"][0]["Next"]
    kind = draw.choice(["swapped", "no default", "value"])
    if kind == "swapped":
        state["Choices"][0]["Next"], state["Default"] = state["Default"], target
    elif kind == "no default":
        del state["Default"]
    else:
        state["Choices"] = [{**state["Choices"][0], "Next": state["Default"]}]
    return f"Choice '{name}': {kind}"


def no_time_limit(definition, draw):
    states, name = picked_state(definition, draw, lambda s: "TimeoutSeconds" in s)
    del states[name]["TimeoutSeconds"]
    return f"'{name}' without a time limit"


def misspelt_field(definition, draw):
    states, name = picked_state(definition, draw, lambda s: len(s) > 2)
    field = draw.choice([f for f in states[name] if f != "Comment"])
    states[name][misspelt(field, draw)] = states[name].pop(field)
    return f"field {field} of '{name}' misspelt"


def wrong_placeholder(definition, draw):
    container, key = picked(
        definition, draw, lambda c, k: isinstance(c[k], str) and c[k].startswith("${")
    )
    before = container[key]
    container[key] = "${" + misspelt(before[2:-1], draw) + "}"
    return f"{before} → {container[key]}"


def wrong_subject(definition, draw):
    states, name = picked_state(definition, draw, lambda s: "Subject" in s.get("Parameters", {}))
    parameters = states[name]["Parameters"]
    parameters["Subject"] = misspelt(parameters["Subject"], draw)
    return f"subject of '{name}': {parameters['Subject']}"


def green_failure(definition, draw):
    """A failed run that only sends a mail."""
    definition["States"]["Notify Failure"].pop("Next")
    definition["States"]["Notify Failure"]["End"] = True
    return "a failure ends green"


def swapped_channels(definition, draw):
    channels = definition["States"]["Train Sequence Model"]["Parameters"]["InputDataConfig"]
    one, other = draw.sample(channels, 2)
    one["ChannelName"], other["ChannelName"] = other["ChannelName"], one["ChannelName"]
    return f"channels {one['ChannelName']} and {other['ChannelName']} swapped"


def swapped_branches(definition, draw):
    definition["States"]["Base Model Training"]["Branches"].reverse()
    return "branches swapped, their results not"


def all_not_last(definition, draw):
    states, name = picked_state(definition, draw, lambda s: "Catch" in s)
    catcher = states[name]["Catch"][0]
    states[name]["Catch"].append({**catcher, "ErrorEquals": ["States.Timeout"]})
    return f"States.ALL of '{name}' not last"


FAULTS = [
    renamed_state,
    removed_state,
    dropped_catch,
    weakened_catch,
    catch_without_result_path,
    dropped_retry,
    wrong_retry,
    misspelt_error,
    wrong_path,
    wrong_result_path,
    dropped_result_path,
    misspelt_parameter,
    dropped_dollar,
    wrong_resource,
    other_next,
    early_end,
    wrong_choice,
    no_time_limit,
    misspelt_field,
    wrong_placeholder,
    wrong_subject,
    green_failure,
    swapped_channels,
    swapped_branches,
    all_not_last,
]


def faulty(definition, seed):
    """A copy with one fault, and what it is."""
    spoilt = copy.deepcopy(definition)
    told = FAULTS[seed % len(FAULTS)](spoilt, random.Random(seed))
    assert spoilt != definition, told
    return spoilt, told
