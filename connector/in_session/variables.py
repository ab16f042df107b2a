"""Runs inside a session: the variables of a run that goes on by itself, which has copies of them.

Before it begins, the interpreter remembers how they were; the run leaves what it has made of them in a file; and the
interpreter takes that over before its next run, but for what others have changed meanwhile.

`harness` has the names of planted.py. Must run on any Python from 3.8.
"""

import ast
import contextlib
import functools
import hashlib
import importlib
import io
import os
import pickle
import types
import weakref

harness = harness  # noqa: F821 - planted.py gives it to this namespace

LARGEST_UNSURE_BYTES = 16 << 20
"""Of the objects that the code may have changed in place, larger ones are taken as they were."""


class Variables:
    """Those that a run finds, and what it makes of them. Made in the interpreter, before it is copied."""

    def __init__(self, code):
        self._names = harness.shell.user_ns
        self._before = dict(self._names)
        self._stored, used = _named(code)
        self._looks = {name: _look(self._names[name]) for name in used if name in self._names}

    def as_they_were(self):
        """By name: the object, and what tells whether one that the code uses has changed."""
        return {name: (_held(value), self._looks.get(name)) for name, value in self._before.items()}

    def candidates(self):
        """The names of those that the run may have made or changed."""
        return [name for name, value in self._visible() if self._is_new(name, value) or name in self._stored]

    def _visible(self):
        return [(name, value) for name, value in sorted(self._names.items()) if not _is_the_shells(name)]

    def _is_new(self, name, value):
        return name not in self._before or self._before[name] is not value

    def leave(self, path):
        """Writes those that the run has made or changed, and returns the names of those that cannot be.

        An object that the code names may have been changed in place. Only then it is another one afterwards.
        """
        wanted, lost = {}, []
        for name, value in self._visible():
            is_new = self._is_new(name, value)
            if not is_new and name not in self._stored and self._looks.get(name) in (None, _look(value)):
                continue
            if not is_new and issubclass(type(value), (types.ModuleType, types.FunctionType, type)):
                lost.append(name)  # the interpreter has it too, without what was stored into it here
                continue
            try:
                wanted[name] = _pickled(value, self._before)
            except BaseException:
                lost.append(name)
        gone = [name for name in self._before if name not in self._names and not _is_the_shells(name)]
        try:
            with open(path, "wb") as file:
                pickle.dump((wanted, gone), file, 4)
        except OSError:  # there is no room
            with contextlib.suppress(OSError):
                os.unlink(path)
            return sorted(wanted) + lost
        return lost


def _is_the_shells(name):
    return name.startswith("_") or name in ("In", "Out")


def _held(value):
    """Gives the object while it is there: another one may get its number. What has no weak references is kept."""
    try:
        return weakref.ref(value)
    except TypeError:
        return lambda: value


def _look(value):
    """Tells whether an object has changed; None for what is too large, or cannot change, or cannot be seen."""
    if issubclass(type(value), (types.ModuleType, types.FunctionType, type, str, bytes, int, float)):
        return None
    file = _Bounded()
    try:
        pickle.Pickler(file, 4).dump(value)
    except BaseException:
        return None
    return hashlib.sha256(file.getvalue()).digest()


def _named(code):
    """The names that the code stores into, also as `x.sort(inplace=True)` does, and those that it uses at all."""
    try:
        nodes = list(ast.walk(ast.parse(harness.shell.transform_cell(code))))
    except Exception:
        return set(), set()
    targets = [node for node in nodes if isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del))]
    for node in nodes:
        for keyword in node.keywords if isinstance(node, ast.Call) else ():
            if keyword.arg == "out":
                targets.append(keyword.value)
            elif keyword.arg == "inplace":
                targets.append(node.func)
    stored = set()
    for node in targets:
        while isinstance(node, (ast.Subscript, ast.Attribute)):
            node = node.value
        if isinstance(node, ast.Name):
            stored.add(node.id)
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    for node in nodes:  # the body of a magic is a text
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("run_cell_magic", "run_line_magic"):
            body = node.args[-1].value if node.args and isinstance(node.args[-1], ast.Constant) else None
            if isinstance(body, str):
                found = _named(body)
                stored, used = stored | found[0], used | found[1]
    return stored, used


class _Bounded(io.BytesIO):
    def write(self, data):
        if self.tell() + len(data) > LARGEST_UNSURE_BYTES:
            raise OverflowError
        return io.BytesIO.write(self, data)


_CACHED = functools._lru_cache_wrapper


def _pickled(value, before):
    """What the interpreter has too goes by its name; what only the run has defined goes as a whole, where it can."""
    base = _whole_pickler()

    class Pickler(base):
        def reducer_override(self, thing):
            if issubclass(type(thing), io.IOBase) and type(thing) not in (io.BytesIO, io.StringIO):
                raise pickle.PicklingError("a file stays where it was opened")
            if isinstance(thing, types.ModuleType):
                return importlib.import_module, (thing.__name__,)
            if type(thing) is _CACHED and thing.__module__ == "__main__":
                if before.get(thing.__name__) is thing:
                    return NotImplemented
                asked = thing.cache_parameters()  # new in Python 3.9: before, it is named as one that cannot be brought
                arguments = thing.__wrapped__, asked["maxsize"], asked["typed"], functools._CacheInfo
                return _CACHED, arguments, thing.__dict__
            if isinstance(thing, (type, types.FunctionType)) and thing.__module__ == "__main__":
                if before.get(thing.__qualname__) is thing:
                    return NotImplemented
                if base is pickle.Pickler:
                    raise pickle.PicklingError("it is defined in the run")
            return base.reducer_override(self, thing) if hasattr(base, "reducer_override") else NotImplemented

    file = io.BytesIO()
    Pickler(file, 4).dump(value)
    return file.getvalue()


def _whole_pickler():
    """One that can pickle functions and classes, where a library has it."""
    for name in ("cloudpickle", "joblib.externals.cloudpickle"):
        try:
            return importlib.import_module(name).Pickler
        except Exception:
            pass
    return pickle.Pickler


def take_over(folder, before):
    """In the interpreter: the variables that a run has left, but those that other runs have set or changed since.

    Returns the names of those that stayed as they are here, also because they cannot be read. An object that the code
    of both has changed alike, as a module that both have imported, is the same.
    """
    path = os.path.join(folder, harness.VARIABLES)
    try:
        with open(path, "rb") as file:
            wanted, gone = pickle.load(file)
        os.unlink(path)
    except FileNotFoundError:
        return []
    except Exception:
        with contextlib.suppress(OSError):
            os.unlink(path)
        return ["all that it has set"]
    names, lost = harness.shell.user_ns, []
    unchanged = {name for name in (*wanted, *gone) if name in names and name in before}
    unchanged = {name for name in unchanged if _is_as_before(names[name], *before[name])}
    found = {}
    for name, data in wanted.items():
        try:
            value = pickle.loads(data)
        except BaseException:
            lost.append(name)
            continue
        if name in unchanged or (name not in names and name not in before):
            found[name] = value
        elif name not in names or names[name] is not value:
            lost.append(name)
    # When all are there: an object brings its class once more.
    names.update({name: _at_home(value) for name, value in found.items()})
    for name in gone:
        if name in unchanged:
            names.pop(name, None)
        elif name in names:
            lost.append(name)
    return lost


def _is_as_before(value, held, look):
    return held() is value and (look is None or _look(value) == look)


def other_run(code):
    """In the interpreter: another run is about to change objects of which nothing tells later whether it did."""
    befores = [before for _, _, before in harness.detached if before]
    stored = _named(code)[0] if befores else set()
    for before in befores:
        for name in stored & before.keys():
            held, look = before[name]
            if look is None:
                before[name] = held, b""  # as no object looks


def _at_home(value):
    """Functions, and methods of classes, that came as a whole see the interpreter's variables, not copies of some."""
    # A library's wrapper has the module of what it wraps, and variables of its own.
    if type(value) is types.FunctionType and value.__globals__.get("__name__") == "__main__":
        function = types.FunctionType(
            value.__code__, harness.shell.user_ns, value.__name__, value.__defaults__, value.__closure__
        )
        function.__kwdefaults__ = value.__kwdefaults__
        function.__dict__.update(value.__dict__)
        function.__doc__, function.__annotations__ = value.__doc__, value.__annotations__
        function.__qualname__, function.__module__ = value.__qualname__, value.__module__
        return function
    if issubclass(type(value), type) and value.__module__ == "__main__":
        for name, member in list(vars(value).items()):
            if isinstance(member, types.FunctionType):
                setattr(value, name, _at_home(member))
            elif isinstance(member, (staticmethod, classmethod)):
                setattr(value, name, type(member)(_at_home(member.__func__)))
            elif type(member) is property:
                setattr(value, name, property(*map(_at_home, (member.fget, member.fset, member.fdel)), member.__doc__))
    return value
