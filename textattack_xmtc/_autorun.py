"""Runs at every interpreter start: waits for TextAttack, no more.

The build puts this text into a start-up file (`.pth`). Python 3.15 and later call `start` instead, which a second
start-up file (`.start`, PEP 829) names. Standard library only, nothing is imported before TextAttack is, and no failure
leaves this file. TEXTATTACK_XMTC_AUTORUN=0 switches it off.
"""


def _watch_for_textattack() -> None:
    import os
    import sys

    if os.environ.get("TEXTATTACK_XMTC_AUTORUN") == "0":
        return
    # A start-up file can be run twice, and two watchers would wait for each other.
    if any(type(finder).__name__ == "TextAttackWatcher" for finder in sys.meta_path):
        return

    class TextAttackWatcher:
        # The first of these is imported after TextAttack fetched its data and before it needs them.
        awaited = ("textattack.shared.utils.install", "textattack")

        def find_spec(self, name, path=None, target=None):
            if name not in self.awaited:
                return None
            for finder in sys.meta_path:
                find = None if finder is self else getattr(finder, "find_spec", None)
                spec = find and find(name, path, target)
                if spec is not None:
                    self.follow(name, spec.loader)
                    return spec
            return None

        def follow(self, name, loader):
            execute = getattr(loader, "exec_module", None)
            if execute is None:
                return

            def exec_module(module):
                execute(module)
                try:
                    from textattack_xmtc import plugin

                    plugin.loaded(name)
                except Exception as error:  # TextAttack must load, whatever is wrong with this package
                    sys.stderr.write(f"textattack-xmtc could not be set up and is left out: {error!r}\n")

            loader.exec_module = exec_module

    sys.meta_path.insert(0, TextAttackWatcher())


def start(watch=_watch_for_textattack):  # a default: names of a start-up file are not global there
    """Wait for TextAttack; does nothing the second time."""
    try:
        watch()
    except Exception:  # an interpreter must start, whatever is wrong here
        pass


start()
