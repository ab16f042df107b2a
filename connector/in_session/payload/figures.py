"""Figures of matplotlib, whatever its backend. Those that are open at the end of a run are shown once.

The inline backend shows its figures itself. Others, such as Agg, only draw into memory. Images of PIL are displayed,
too, where it would rather start a program to view them. This module knows nothing of reports: a figure that it displays
is a display like any other.
"""

from __future__ import annotations

import importlib.util
import sys
import weakref
from typing import Any

_loaded, _finders, _find_spec, _caller = sys.modules, sys.meta_path, importlib.util.find_spec, sys._getframe
_unchanged: weakref.WeakSet[Any] = weakref.WeakSet()
"""Figures that have been shown, and not changed since then."""

_pictures: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
"""Hashes of what figures looked like when they were shown."""


def is_figure(value: Any) -> bool:
    figure = getattr(_loaded.get("matplotlib.figure"), "Figure", None)
    return isinstance(figure, type) and issubclass(type(value), figure)


def picture_of(figure: Any) -> str | None:
    """A PNG in base64, as the inline backend makes it. None for an empty figure."""
    from IPython.core.pylabtools import print_figure

    restore_resolution(figure)
    return print_figure(figure, "png", base64=True)  # type: ignore[no-any-return]


def restore_resolution(figure: Any) -> None:
    """The backends of PDF and SVG leave their own, which is low, with the figures that they draw."""
    if figure.dpi == getattr(figure.canvas, "fixed_dpi", 0):
        figure.dpi = getattr(figure, "_original_dpi", figure.dpi)


def note_shown(figure: Any, picture: Any) -> None:
    """Until it changes, the figure need not be shown again."""
    _pictures[figure] = hash(picture)
    _unchanged.add(figure)
    if not isinstance(figure.stale_callback, _OnChange):
        figure.stale_callback = _OnChange(figure.stale_callback)


class _OnChange:
    """Called by matplotlib when a part of a figure changes, but also when the figure is saved or drawn."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __call__(self, figure: Any, is_stale: bool) -> None:
        if not getattr(figure.canvas, "_is_idle_drawing", False):
            _unchanged.discard(figure)
        if self._inner is not None:
            self._inner(figure, is_stale)


def show_open_figures() -> None:
    """Displays those that have not been shown, or have changed since then."""
    try:
        helpers = _loaded.get("matplotlib._pylab_helpers")
        figures = [manager.canvas.figure for manager in helpers.Gcf.get_all_fig_managers()] if helpers else []
    except Exception:
        return
    for figure in figures:
        _show_if_new(figure)


def _show_if_new(figure: Any) -> None:
    if figure in _unchanged:
        return
    try:
        if figure in _pictures and _pictures[figure] == hash(picture_of(figure)):
            _unchanged.add(figure)
        else:
            _display(figure)
    except Exception as failure:
        report_undrawn(failure)


def report_undrawn(failure: Exception) -> None:
    print("A figure could not be drawn.", repr(failure), file=sys.stderr)


def _display(figure: Any) -> None:
    from IPython.display import display

    display(figure)


def _show(manager: Any, *arguments: Any, **keywords: Any) -> None:
    """Replaces FigureManagerBase.show, which only warns. `fig.show()` shows its figure in any case, `plt.show()` all
    that are new.
    """
    is_explicit = _caller(1).f_globals.get("__name__") == "matplotlib.figure"
    (_display if is_explicit else _show_if_new)(manager.canvas.figure)


def _make_shown(backends: Any) -> None:
    backends.FigureManagerBase.show = _show


def _prefer_displays(viewers: Any) -> None:
    """Of PIL's viewers, the one of notebooks is first. Nobody would see what a program such as xdg-open shows."""
    viewers._viewers.sort(key=lambda viewer: type(viewer).__name__ != "IPythonViewer")


class _Finder:
    """Waits until code imports a module, and changes it then."""

    def __init__(self, module: str, change: Any) -> None:
        self._module, self._change = module, change

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != self._module:
            return None
        _finders.remove(self)
        spec: Any = _find_spec(name)
        execute = spec.loader.exec_module

        def execute_and_replace(module: Any) -> None:
            execute(module)
            self._change(module)

        spec.loader.exec_module = execute_and_replace
        return spec


for _module, _change in (("matplotlib.backend_bases", _make_shown), ("PIL.ImageShow", _prefer_displays)):
    if _module in _loaded:
        _change(_loaded[_module])
    else:
        _finders.insert(0, _Finder(_module, _change))
