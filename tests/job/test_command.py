import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import Field
from tests.builders import make_job

from common.job import command
from common.job.command import Job, run_job, run_reporting
from common.job.errors import AlgorithmError, ClientError
from common.job.failure import FAILURE_LENGTH
from common.job.folders import Folders
from common.job.hosts import Hosts
from common.job.hyperparameters import Hyperparameters
from common.job.peers import Peers


class Table(Hyperparameters):
    epochs: int = Field(default=3, ge=1, le=100, description="passes, 100 % of them")
    rate: float = Field(default=0.5, gt=0, lt=1, description="step size")


SRC = Path(__file__).resolve().parents[2] / "src"
CHANNELS = {"train": "pages", "validation": "other pages"}


@pytest.fixture(autouse=True)
def process_as_it_was(monkeypatch) -> Iterator[None]:
    """No variables of a job around us, and neither signals nor log changed afterwards."""
    for name in [name for name in os.environ if name.startswith("SM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", "/nowhere")
    on_sigterm, root = signal.getsignal(signal.SIGTERM), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    signal.signal(signal.SIGTERM, on_sigterm)
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def container(tmp_path, monkeypatch) -> Path:
    """A job's base folder with the channel train and `{"epochs": "7"}`."""
    base = make_job(tmp_path / "ml", {"epochs": "7", "sagemaker_program": "x.py"}, ["train"])
    (base / "input/data/train").mkdir()
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(base))
    return base


def jobs_of(*argv: str) -> list[Job[Table]]:
    """The job that a command line makes, in a list; an empty one where it was refused."""
    jobs: list[Job[Table]] = []
    run_job(jobs.append, Table, kind="text", channels=CHANNELS, argv=argv)
    return jobs


def fail_with(error: BaseException, failure: Path | None = None) -> int:
    def action() -> None:
        raise error

    return run_reporting(action, failure=failure)


# What was asked for.


def test_flags_alone_make_a_job():
    assert jobs_of("--train", "t", "--model-dir", "m", "--output-data-dir", "o", "--rate=.1") == [
        Job(Folders(Path("m"), Path("o"), {"train": Path("t")}), Table(rate=0.1))
    ]


def test_the_platform_alone_makes_a_job(container):
    assert jobs_of() == [
        Job(
            Folders(
                model=container / "model",
                output_data=container / "output/data",
                channels={"train": container / "input/data/train"},
                failure=container / "output/failure",
            ),
            Table(epochs=7),
            Hosts(("localhost",), "localhost"),
        )
    ]


def test_of_several_hosts_the_first_does_alone_what_is_not_shared(container, capsys, monkeypatch):
    file = container / "input/config/resourceconfig.json"
    worked, met = [], []

    @contextmanager
    def gathered(hosts, failure):
        met.append((hosts.names, failure))
        yield Peers(hosts)

    monkeypatch.setattr(command, "gathered", gathered)
    for current in ("algo-1", "algo-2"):
        file.write_text(json.dumps({"hosts": ["algo-1", "algo-2"], "current_host": current}))
        for shared in (True, False):
            status = run_job(
                lambda job, shared=shared: worked.append(
                    (job.hosts.current, shared, job.peers.count)
                ),
                Table,
                kind="text",
                channels=CHANNELS,
                shared=lambda table, shared=shared: shared and table.epochs == 7,
                argv=[],
            )
            assert status == 0
    assert worked == [("algo-1", True, 2), ("algo-1", False, 1), ("algo-2", True, 2)]
    assert [len(names) for names, _ in met] == [2, 1, 2]
    assert {failure for _, failure in met} == {container / "output/failure"}
    assert "host 'algo-2' has nothing to do: 'algo-1' does this" in capsys.readouterr().err


def test_what_one_host_refuses_is_refused_among_all(container, monkeypatch):
    """So that the others hear of it."""
    file = container / "input/config/resourceconfig.json"
    file.write_text(json.dumps({"hosts": ["algo-1", "algo-2"], "current_host": "algo-2"}))
    (container / "model/mine.txt").touch()
    told = []

    @contextmanager
    def gathered(hosts, failure):
        with pytest.raises(ClientError) as refused:
            yield Peers(hosts)
        told.append(str(refused.value))
        raise refused.value

    monkeypatch.setattr(command, "gathered", gathered)
    assert run_job(print, Table, kind="text", channels={}, shared=lambda table: True, argv=[]) == 1
    assert "is not empty and holds no artifact" in told[0]


def test_flags_override_what_the_platform_says(container):
    [job] = jobs_of("--epochs", "9", "--train", "t", "--model-dir", "m", "--output-data-dir", "o")
    assert job.hyperparameters == Table(epochs=9)
    assert (job.folders.model, job.folders.output_data) == (Path("m"), Path("o"))
    assert job.folders.channels["train"] == Path("t")
    assert job.folders.failure == container / "output/failure"


def test_the_toolkits_variable_wins_over_the_file(container, monkeypatch):
    monkeypatch.setenv("SM_HPS", '{"epochs": 8, "rate": "0.25"}')
    assert jobs_of()[0].hyperparameters == Table(epochs=8, rate=0.25)


def test_outside_a_container_the_folders_must_be_named(capsys):
    assert jobs_of("--train", "t", "--model-dir", "m") == []
    assert "needs --model-dir DIR and --output-data-dir DIR" in capsys.readouterr().err


def test_flags_nobody_declared_are_refused_together_with_the_rest(container, capsys):
    assert jobs_of("--epoch", "3", "--rate", "2", "--verbose", "-k", "-4", "--dry=yes") == []
    message = capsys.readouterr().err
    assert "'rate' must be a number in the range (0, 1). Got '2' instead." in message
    for name in ("epoch", "verbose", "k", "dry"):
        assert f"'{name}' is unknown" in message


@pytest.mark.parametrize("value", ["-1e-3", "-.5", "-2", "-inf", "-1E+2"])
def test_a_negative_value_hides_nothing_else_that_is_wrong(container, capsys, value):
    assert jobs_of("--rate", value, "--epoch", value, "--epochs", "many") == []
    message = capsys.readouterr().err
    assert f"'rate' must be a number in the range (0, 1). Got '{value}' instead." in message
    assert "'epoch' is unknown" in message
    assert "'epochs' must be an integer" in message


def test_a_negative_value_after_a_flag_that_has_one_belongs_to_none(container, capsys):
    assert jobs_of("--rate=.5", "-1e-3") == []
    assert "'-1e-3' belongs to no flag" in capsys.readouterr().err


def test_a_cache_is_for_the_jobs_that_have_one(capsys):
    argv = ["--train=t", "--model-dir=m", "--output-data-dir=o", "--cache-dir=c"]
    jobs = []
    places = {"kind": "text", "channels": CHANNELS, "argv": argv}
    assert run_job(jobs.append, Table, **places, cache="odds and ends are kept") == 0
    assert jobs[0].folders.cache == Path("c")
    assert run_job(jobs.append, Table, **places) == 1
    assert "'cache-dir' is unknown" in capsys.readouterr().err


def test_names_are_not_abbreviated(container, capsys):
    assert jobs_of("--epo", "3") == []
    assert "'epo' is unknown. Did you mean 'epochs'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--epochs"], "argument --epochs: expected one argument. See --help."),
        (["leftover"], "'leftover' belongs to no flag. See --help."),
    ],
)
def test_a_command_line_that_cannot_be_read_is_a_client_error(container, capsys, argv, said):
    assert run_job(lambda job: None, Table, kind="text", channels=CHANNELS, argv=argv) == 1
    assert said in capsys.readouterr().err
    assert (container / "output/failure").read_text().startswith("ClientError: ")


@pytest.mark.parametrize("text", ["{", "[1]", '"epochs"'])
def test_hyperparameters_that_are_no_object_name_their_file(container, capsys, text):
    (container / "input/config/hyperparameters.json").write_text(text)
    assert jobs_of() == []
    assert "input/config/hyperparameters.json: " in capsys.readouterr().err


def test_a_foreign_model_folder_is_refused_before_anything_runs(container, capsys):
    (container / "model/thesis.tex").touch()
    assert jobs_of() == []
    assert "thesis.tex" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"output-data-dir": "m"}, "--model-dir (m) and --output-data-dir (m)"),
        ({"output-data-dir": "m/output"}, "--model-dir (m) and --output-data-dir (m/output)"),
        ({"model-dir": "o/model"}, "--model-dir (o/model) and --output-data-dir (o)"),
        ({"model-dir": "x/../o"}, "--model-dir (x/../o) and --output-data-dir (o)"),
        ({"checkpoint-dir": "o/c"}, "--output-data-dir (o) and --checkpoint-dir (o/c)"),
        ({"model-dir": "t"}, "--model-dir (t) and --train (t)"),
        ({"output-data-dir": "t/deep"}, "--output-data-dir (t/deep) and --train (t)"),
        ({"checkpoint-dir": "."}, "--checkpoint-dir (.) and --train (t)"),
    ],
)
def test_what_is_written_lies_apart_from_everything_else(
    tmp_path, monkeypatch, capsys, changed, said
):
    monkeypatch.chdir(tmp_path)
    places = {"train": "t", "model-dir": "m", "output-data-dir": "o", **changed}
    assert jobs_of(*(f"--{name}={place}" for name, place in places.items())) == []
    message = capsys.readouterr().err
    assert said in message
    assert "Name folders apart from each other." in message


def test_channels_may_share_a_folder():
    assert jobs_of("--train=t", "--validation=t", "--model-dir=m", "--output-data-dir=o")


def test_a_flag_must_not_name_a_folder_of_the_platform(container, capsys):
    assert jobs_of("--output-data-dir", str(container / "model/reports")) == []
    assert "are the same folder, or one lies in the other" in capsys.readouterr().err


def test_how_the_platform_nests_its_own_folders_is_its_business(container, monkeypatch):
    monkeypatch.setenv("SM_OUTPUT_DATA_DIR", str(container / "model/output"))
    assert len(jobs_of()) == 1


def test_help_names_rules_and_defaults(container, capsys):
    assert run_job(lambda job: None, Table, kind="text", channels=CHANNELS, argv=["--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "passes, 100 % of them: an integer in the range [1, 100]; default 3" in told
    assert "--validation DIR other pages" in told
    assert not (container / "output/failure").exists()


# What became of it.


def test_success_is_silent(tmp_path, capsys):
    assert run_reporting(lambda: None, failure=tmp_path / "failure") == 0
    assert capsys.readouterr() == ("", "")
    assert not (tmp_path / "failure").exists()


def test_a_client_error_is_its_message_alone(tmp_path, capsys):
    assert fail_with(ClientError("the page is upside down."), tmp_path / "o/failure") == 1
    assert capsys.readouterr() == ("", "ClientError: the page is upside down.\n")
    assert (tmp_path / "o/failure").read_text().splitlines()[0] == (
        "ClientError: the page is upside down."
    )


def test_what_we_did_not_foresee_is_ours_and_comes_with_its_trace(tmp_path, capsys):
    assert fail_with(KeyError("weights"), tmp_path / "failure") == 1
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert told.splitlines()[-1] == "AlgorithmError: KeyError: 'weights'"
    cause, *trace = (tmp_path / "failure").read_text().splitlines()
    assert cause == "AlgorithmError: KeyError: 'weights'"
    assert trace[-1] == "KeyError: 'weights'"
    assert any("test_command.py" in line for line in trace)


def test_our_own_error_keeps_its_name(capsys):
    assert fail_with(AlgorithmError("the artifact cannot be loaded again")) == 1
    assert capsys.readouterr().err.startswith("AlgorithmError: the artifact")


def test_a_file_that_cannot_be_used_is_named_with_the_remedy(capsys):
    assert run_reporting(lambda: Path("/nowhere/at/all").read_text() and None) == 1
    assert capsys.readouterr().err == (
        "ClientError: /nowhere/at/all: No such file or directory. "
        "Check that the place exists, may be read and written, and has room.\n"
    )


@pytest.mark.parametrize("error", [OSError("what now"), OSError(9, "Bad file descriptor")])
def test_an_operating_system_error_without_a_place_is_ours(capsys, error):
    assert fail_with(error) == 1
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert told.splitlines()[-1] == f"AlgorithmError: OSError: {error}"


def test_a_full_disk_asks_for_room_and_says_where_in_the_program(capsys):
    assert fail_with(OSError(28, "No space left on device")) == 1
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert told.splitlines()[-1].startswith("ClientError: No space left on device. Check that")


@pytest.mark.parametrize("length", [1, 10**6])  # told at the end, and in the midst of it
def test_a_reader_who_has_read_enough_is_no_failure(length):
    program = (
        "import sys; from common.job.command import run_reporting; "
        f"sys.exit(run_reporting(lambda: print('x' * {length})))"
    )
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=write, stderr=subprocess.PIPE, cwd=SRC
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_broken_pipe_that_is_not_our_output_is_ours(capsys):
    assert fail_with(BrokenPipeError(32, "Broken pipe")) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("AlgorithmError: BrokenPipeError")


@pytest.mark.parametrize("length", [10, 1010, 5000])
def test_the_failure_file_is_no_longer_than_what_is_shown(tmp_path, length):
    fail_with(ClientError("x" * length), tmp_path / "failure")
    told = (tmp_path / "failure").read_text()
    assert len(told) <= FAILURE_LENGTH == 1024
    assert told.startswith(f"ClientError: {'x' * min(length, 1000)}")


def test_a_failure_file_that_is_there_is_never_overwritten(tmp_path):
    (tmp_path / "failure").write_text("first")
    fail_with(ClientError("second"), tmp_path / "failure")
    assert (tmp_path / "failure").read_text() == "first"


def test_a_message_that_utf8_cannot_hold_is_told_all_the_same(tmp_path):
    fail_with(ClientError("no file \udcff"), tmp_path / "failure")
    assert "no file \\udcff" in (tmp_path / "failure").read_text()


@pytest.mark.parametrize(("code", "status"), [(0, 0), (3, 3), ("stop", 1)])
def test_the_exit_status_of_a_story_is_kept(code, status, capsys):
    assert fail_with(SystemExit(code)) == status


def test_an_interruption_by_hand_says_who_interrupted(capsys):
    assert fail_with(KeyboardInterrupt()) == 1
    assert capsys.readouterr().err == "AlgorithmError: interrupted: by the keyboard\n"


def test_sigterm_unwinds_what_is_half_written_and_is_a_failure(tmp_path, capsys):
    def action() -> None:
        (tmp_path / "half").touch()
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        finally:
            (tmp_path / "half").unlink()

    assert run_reporting(action, failure=tmp_path / "failure") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["failure"]
    expected = "AlgorithmError: interrupted: the platform ended the job (SIGTERM)"
    assert (tmp_path / "failure").read_text().splitlines()[0] == expected
    assert capsys.readouterr().err == expected + "\n"


def test_the_story_gets_the_same_table_that_the_log_names(container, capsys):
    jobs = jobs_of()
    logged = capsys.readouterr().err.splitlines()[1].removeprefix("hyperparameters ")
    assert json.loads(logged) == jobs[0].hyperparameters.model_dump()
