"""``goabi batch --ray``: a corpus on a Ray cluster, a task a file.

Each node has goabi of the same version and sees the inputs and the output: a shared folder, or a URL that fsspec knows.
What a task writes is named by the content and appears whole, its record last. So a task that is run again, because its
worker or node was lost, finds what is there or writes the same, and each content has one result.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from typing import Any, Iterator

from . import _core
from .__main__ import again

#: Tasks that are handed to Ray at a time, for each of its cores: enough that none waits for the driver.
AHEAD = 4
#: How often Ray runs a task again whose worker or node was lost.
RETRIES = 5
#: Bytes that tell what a file is, and files that are asked for them at a time.
HEAD, HEADS = 512, 1000


def main(args: list[str]) -> int:
    """Runs ``goabi batch --ray`` with these arguments (the program's name first) and returns its exit code."""
    driver = _core.BatchDriver(args, again())
    try:
        import ray
    except ImportError as error:
        print(f"goabi: --ray needs Ray: pip install 'goabi[ray]' ({error})", file=sys.stderr)
        return 2
    _connect(ray, driver)
    try:
        return _run(ray, driver, _Job(args, driver.output))
    finally:
        ray.shutdown()


def _connect(ray: Any, driver: _core.BatchDriver) -> None:
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if driver.ray == "local":
        options["include_dashboard"] = False
        if driver.threads:
            options["num_cpus"] = driver.threads
    try:
        ray.init(address=driver.ray, **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = (str(error).strip() or repr(error)).splitlines()[0]
        print(f"goabi: no Ray cluster at {driver.ray}: {reason}", file=sys.stderr)
        sys.exit(1)


def _run(ray: Any, driver: _core.BatchDriver, job: _Job) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        driver.open(scratch if job.remote else job.output)
        local = [path for path in driver.inputs if not is_url(path)]
        driver.search([os.path.abspath(path) for path in local])
        for url in (path for path in driver.inputs if is_url(path)):
            for found in _find(url):
                driver.add(*found)
        interrupted = False
        try:
            _drive(ray, driver, job)
        except KeyboardInterrupt:
            interrupted = True
        code = driver.finish(job.output, interrupted)
        if job.remote:
            _Remote(job.output).put(scratch, "summary.jsonl")
        return code


def _drive(ray: Any, driver: _core.BatchDriver, job: _Job) -> None:
    """Hands files to Ray, some ahead of what it can run, and takes what became of them."""
    task = ray.remote(num_cpus=1, max_retries=RETRIES)(run_task)
    described = ray.put(job)
    waiting = iter(driver.candidates())
    running: dict[Any, int] = {}
    while True:
        room = AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1))) - len(running)
        for _, (at, path) in zip(range(room), waiting):
            running[task.options(name=f"goabi {os.path.basename(path)}").remote(described, path)] = at
        if not running:
            return
        for ended in ray.wait(list(running), timeout=1)[0]:
            driver.ended(running.pop(ended), _outcome(ray, ended))


def _outcome(ray: Any, ended: Any) -> str:
    """What a task returned, or why it returned nothing."""
    try:
        outcome: str = ray.get(ended)
        return outcome
    except ray.exceptions.RayTaskError as error:
        return failed(f"its task failed: {(str(error.cause or error).strip() or 'no reason').splitlines()[-1]}")
    except ray.exceptions.RayError as error:
        return failed(f"its worker was lost {RETRIES + 1} times: {type(error).__name__}")


def failed(reason: str) -> str:
    """The outcome of a file whose task has none; the next run tries it again."""
    return json.dumps({"failed": {"reason": reason}})


def is_url(path: str) -> bool:
    """Whether a path is one for fsspec."""
    return "://" in path


class _Job:
    """What all tasks have in common."""

    def __init__(self, args: list[str], output: str) -> None:
        self.args = args
        self.remote = is_url(output)
        self.output = output if self.remote else os.path.abspath(output)
        self.folder = os.getcwd()


def run_task(job: _Job, path: str) -> str:
    """Does one file, on whatever machine this is."""
    if os.path.isdir(job.folder):
        os.chdir(job.folder)  # what the command line names is named from there
    with tempfile.TemporaryDirectory() as scratch:
        try:
            file = _fetched(path, scratch) if is_url(path) else path
            if not job.remote:
                return _core.batch_task(job.args, again(), job.output, file, 1)
            return _into_remote(job, file, os.path.join(scratch, "out"))
        except OSError as error:
            return failed(f"cannot be read or written: {error}")
        except SystemExit:
            return failed("the node cannot run goabi with these options; its log says why")


def _into_remote(job: _Job, file: str, folder: str) -> str:
    """Does one file with a result that is uploaded, unless it is there."""
    remote, sha256 = _Remote(job.output), _sha256(file)
    remote.recall(folder, sha256)
    outcome = _core.batch_task(job.args, again(), folder, file, 1)
    if not json.loads(outcome).get("finished", {}).get("earlier"):
        remote.put_all(folder)
    return outcome


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()


def _fetched(url: str, folder: str) -> str:
    """A file of a URL as one of this machine."""
    fs, path = _filesystem(url)
    file = os.path.join(folder, "input")
    fs.get_file(path, file)
    return file


def _find(url: str) -> Iterator[tuple[str, int, bytes]]:
    """URL, size and first bytes of every file below a URL."""
    fs, root = _filesystem(url)
    sizes = {path: info["size"] for path, info in fs.find(root, detail=True).items()}
    paths = sorted(sizes)
    for start in range(0, len(paths), HEADS):
        some = paths[start : start + HEADS]
        heads = fs.cat_ranges(some, [0] * len(some), [min(HEAD, sizes[path]) for path in some])
        for path, head in zip(some, heads):
            yield fs.unstrip_protocol(path), sizes[path], bytes(head)


def _filesystem(url: str) -> tuple[Any, str]:
    import fsspec

    fs, path = fsspec.core.url_to_fs(url)
    return fs, path


class _Remote:
    """An output folder that fsspec reaches, laid out like one of this machine."""

    def __init__(self, url: str) -> None:
        self.fs, self.root = _filesystem(url)

    def recall(self, folder: str, sha256: str) -> None:
        """Brings the record of a content, if there is one, with a stand-in of the report's size, by which it is checked."""
        record, report = f"records/{sha256}.json", f"reports/{sha256}.json.gz"
        for part in ("records", "reports"):
            os.makedirs(os.path.join(folder, part))
        try:
            self.fs.get_file(f"{self.root}/{record}", os.path.join(folder, record))
            size = self.fs.info(f"{self.root}/{report}")["size"]
        except FileNotFoundError:
            return
        with open(os.path.join(folder, report), "wb") as file:
            file.truncate(size)

    def put(self, folder: str, name: str) -> None:
        """Uploads one file: under another name first where the storage shows files that are not whole."""
        target = f"{self.root}/{name}"
        self.fs.makedirs(os.path.dirname(target), exist_ok=True)
        if "file" in self.fs.protocol:
            self.fs.put_file(os.path.join(folder, name), f"{target}.{os.getpid()}.part")
            self.fs.mv(f"{target}.{os.getpid()}.part", target)
        else:
            self.fs.put_file(os.path.join(folder, name), target)

    def put_all(self, folder: str) -> None:
        """Uploads what a task made, the record last."""
        names = [os.path.relpath(os.path.join(place, file), folder) for place, _, files in os.walk(folder) for file in files]
        ours = [name.replace(os.sep, "/") for name in names if not name.startswith(".")]
        for name in sorted(ours, key=lambda name: name.startswith("records/")):
            self.put(folder, name)
