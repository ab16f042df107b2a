"""How Python code finds /mnt/data in another folder; in separate processes, since the change is permanent."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[5]


def run(folder: Path, code: str) -> None:
    """Runs code whose /visible is `folder`. What it asserts must hold."""
    begin = (
        f"from emulator.session_pool.engines.shared.data_paths import redirect\nredirect('/visible', {str(folder)!r})\n"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", begin + code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    "spelling",
    ["'/visible/a.txt'", "b'/visible/a.txt'", "__import__('pathlib').Path('/visible/a.txt')", "'/visible//a.txt'"],
)
def test_every_spelling_of_a_path(tmp_path, spelling):
    """Text, bytes and path objects mean the same file."""
    run(tmp_path, f"with open({spelling}, 'w') as file: file.write('x')")
    assert (tmp_path / "a.txt").read_text() == "x"


def test_paths_by_keyword(tmp_path):
    """Also the named arguments are paths."""
    run(
        tmp_path,
        "import io, os\n"
        "with open(file='/visible/a', mode='w') as file: file.write('x')\n"
        "with io.open(file='/visible/a') as file: assert file.read() == 'x'\n"
        "assert os.listdir(path='/visible') == ['a']\n"
        "os.rename(src='/visible/a', dst='/visible/b')\n"
        "os.makedirs(name='/visible/c/d', exist_ok=True)\n"
        "os.remove(path='/visible/b')",
    )
    assert [path.name for path in tmp_path.rglob("*")] == ["c", "d"]


def test_dependent_functions_follow(tmp_path):
    """os.path, pathlib, glob, shutil, tempfile, zipfile and pandas need no special support."""
    run(
        tmp_path,
        "import glob, os, pathlib, shutil, tempfile, zipfile\n"
        "import pandas\n"
        "here = pathlib.Path('/visible')\n"
        "(here / 'in').mkdir()\n"
        "(here / 'in' / 'a.txt').write_text('a')\n"
        "shutil.copy(here / 'in' / 'a.txt', '/visible/b.txt')\n"
        "shutil.copytree('/visible/in', '/visible/copy')\n"
        "shutil.rmtree('/visible/copy')\n"
        "assert sorted(glob.glob('/visible/**/*.txt', recursive=True)) == ['/visible/b.txt', '/visible/in/a.txt']\n"
        "assert sorted(map(str, here.rglob('*.txt'))) == ['/visible/b.txt', '/visible/in/a.txt']\n"
        "assert [at for at, _, _ in os.walk('/visible')] == ['/visible', '/visible/in']\n"
        "assert os.path.isdir('/visible/in') and os.path.getsize('/visible/b.txt') == 1\n"
        "with tempfile.NamedTemporaryFile(dir='/visible') as file: assert os.path.exists(file.name)\n"
        "with zipfile.ZipFile('/visible/z.zip', 'w') as packed: packed.write('/visible/b.txt', 'b.txt')\n"
        "pandas.DataFrame({'a': [1]}).to_csv('/visible/t.csv', index=False)\n"
        "assert pandas.read_csv('/visible/t.csv').a[0] == 1\n"
        "os.symlink('b.txt', '/visible/l'); assert os.readlink('/visible/l') == 'b.txt'\n"
        "os.chdir('/visible/in'); assert os.listdir() == ['a.txt']\n",
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.txt", "in", "l", "t.csv", "z.zip"]


def test_other_paths_stay_where_they_are(tmp_path):
    """A longer name is another path, and arguments that are not paths are passed on."""
    (tmp_path / "data").mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    run(
        tmp_path / "data",
        "import os\n"
        f"open({str(outside / 'x')!r}, 'w').close()\n"
        "assert not os.path.exists('/visible2') and not os.path.exists('/visibl')\n"
        "assert os.path.exists('/visible') and os.path.exists('/')\n"
        "number = os.open('/visible/y', os.O_CREAT | os.O_RDWR); assert os.stat(number).st_size == 0\n"
        "with open(number, 'w') as file: file.write('y')\n"
        "try: open('/visible2/x', 'w')\n"
        "except FileNotFoundError as failure: assert failure.filename == '/visible2/x'\n"
        "else: raise AssertionError\n",
    )
    assert [path.name for path in outside.iterdir()] == ["x"]
    assert (tmp_path / "data" / "y").read_text() == "y"
