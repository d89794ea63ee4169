import os
import signal
import subprocess
import sys
from concurrent.futures import BrokenExecutor

import psutil

from ingest.dying import die_once
from ingest.lines import MAIN_ID, catalogue, jsonl, sealed_files, take_in, talk, write
from session_replay.ingest.workers import Work, Workers


def job(results, task, do=die_once, tries=3):
    for _ in range(tries):
        try:
            results.append((yield Work(do, task, 1 << 30)))
        except BrokenExecutor as error:
            results.append(error)
        else:
            return


def test_a_killed_worker_is_replaced_and_told(tmp_path):
    workers = Workers(2)
    results = []
    try:
        workers.run([job(results, str(tmp_path / "died")) for _ in range(3)], lambda: False)
        assert [result for result in results if isinstance(result, Exception)]
        done = [result for result in results if isinstance(result, int)]
        assert len(done) == 3
        assert os.getpid() not in done
    finally:
        workers.close()


def test_an_error_is_the_jobs_own_and_small_work_stays_here():
    results = []
    workers = Workers(1)
    small = iter([Work(len, [1, 2], 10)])

    def sized():
        results.append((yield next(small)))

    def failing():
        try:
            yield Work(int, "x", 10)
        except ValueError as error:
            results.append(str(error))

    workers.run([sized(), failing()], lambda: False)
    assert results[0] == 2
    assert "invalid literal" in results[1]
    assert workers._pool is None
    workers.close()


def test_workers_let_others_go_before():
    results = []
    workers = Workers(1, nice=3)
    try:
        workers.run([job(results, 0, do=os.nice)], lambda: False)  # what it is, told by changing nothing
    finally:
        workers.close()
    assert results == [min(19, os.nice(0) + 3)]


def test_when_stopped_no_job_is_begun():
    begun = []

    def one(number):
        begun.append(number)
        yield Work(len, [], 0)

    Workers(0).run([one(1)], lambda: True)
    assert begun == []


def test_an_import_with_workers_is_the_same(at, projects):
    raws = [jsonl(*talk(400, of=number)) for number in range(3)]
    for number, raw in enumerate(raws):
        write(projects / "-p" / f"{MAIN_ID[:-1]}{number}.jsonl", raw)
    workers = Workers(2)
    try:
        take_in(at, projects, workers=workers)
        (process,) = list(workers._pool._processes.values())[:1]
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        write(projects / "-p" / f"{MAIN_ID[:-1]}9.jsonl", jsonl(*talk(400, of=9)))
        assert take_in(at, projects, workers=workers).faults == []
    finally:
        workers.close()
    assert [files[1] for _, files in sorted(sealed_files(at).items())][:3] == [[raw] for raw in raws]
    assert catalogue(at)[0][f"{MAIN_ID[:-1]}9"]["lines"] == 400


PARENT = """
import os, time
from session_replay.ingest.workers import Work, Workers

def job():
    print((yield Work(eval, "__import__('os').getpid()", 1 << 30)), flush=True)

if __name__ == "__main__":
    workers = Workers(1)  # kept: a pool that nobody holds ends its workers by itself
    workers.run([job()], lambda: False)
    time.sleep(600)
"""


def test_workers_end_with_their_parent(tmp_path):
    """Also when it was killed: else every kill -9 of an import would leave processes behind."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as parent:
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        parent.wait()
    try:
        worker.wait(timeout=10)
    except psutil.TimeoutExpired:
        worker.kill()
        raise
