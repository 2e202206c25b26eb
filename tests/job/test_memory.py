import pytest

from common.job.memory import available_memory

GB = 1 << 30


@pytest.fixture
def host(tmp_path):
    """Writes files below a root of their own."""

    def write(**files):
        for name, text in files.items():
            file = tmp_path / name.replace("__", "/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path

    write(proc__meminfo=f"MemTotal: 9999999 kB\nMemAvailable:   {8 * GB >> 10} kB\n")
    return write


def test_without_a_limit_it_is_what_the_host_has_left(host):
    assert available_memory(host(proc__self__cgroup="0::/\n")) == 8 * GB


def test_a_limit_of_the_container_holds(host):
    root = host(proc__self__cgroup="0::/job\n")
    limits = root / "sys/fs/cgroup/job"
    limits.mkdir(parents=True)
    (limits / "memory.max").write_text("max\n")
    assert available_memory(root) == 8 * GB
    (limits / "memory.max").write_text(f"{2 * GB}\n")
    assert available_memory(root) == 2 * GB
    (limits.parent / "memory.max").write_text(f"{GB}\n")
    assert available_memory(root) == GB


def test_so_does_one_of_the_older_kind_seen_from_within(host):
    """The path is the host's, the files are the container's own."""
    root = host(proc__self__cgroup="5:cpu:/docker/1\n4:memory:/docker/1\n")
    limits = root / "sys/fs/cgroup/memory"
    limits.mkdir(parents=True)
    (limits / "memory.limit_in_bytes").write_text(f"{3 * GB}\n")
    assert available_memory(root) == 3 * GB
    (limits / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert available_memory(root) == 8 * GB


def test_where_nobody_knows_it_says_so(tmp_path):
    assert available_memory(tmp_path) is None


def test_this_machine_has_some():
    assert 1 << 20 < available_memory() < 1 << 50
