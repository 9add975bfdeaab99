"""Few file descriptors: a clear message, never a crash and never a busy loop."""

import resource

import pytest

FEW = [*range(4, 13), 16, 20, 24]


@pytest.mark.parametrize("descriptors", FEW)
def test_few_descriptors(linkspan, config, listener, descriptors):
    config.connection("Hello", url=listener.url, retry_inline=0)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = linkspan("--config", config.file, "--standalone", "send", "Hello", "-d", "{}",
                    within=("sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh"))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode >= 0, f"killed by signal {-done.returncode}"
    if done.returncode != 0:
        assert done.returncode == 1
        assert done.stderr.startswith("linkspan: ") or done.stdout.startswith("failed, 1 attempt")
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.5


def test_sixty_four_descriptors_are_enough(linkspan, config, listener):
    config.connection("Hello", url=listener.url)
    done = linkspan("--config", config.file, "--standalone", "send", "Hello", "-d", "{}",
                    within=("sh", "-c", 'ulimit -n 64; exec "$@"', "sh"))
    assert done.returncode == 0, done.stderr
    assert listener.next()["body"] == "{}"
