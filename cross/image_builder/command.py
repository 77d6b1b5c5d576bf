"""The command line of cross/images."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from . import cache, layout
from .build import TOOLS, Builder
from .errors import BuildError
from .packages import missing_tools
from .recipe import Recipe, load_all

REPOSITORY = Path(__file__).resolve().parents[2]
RECIPES = REPOSITORY / "cross" / "image-recipes"
OUTPUT = REPOSITORY / ".build" / "images"

_DESCRIPTION = """\
Builds the test images: OCI image layouts made of Debian packages, for devices (arm64) and for the dev box (amd64), in
.build/images/ARCH/NAME. What is in an image is described in cross/image-recipes/NAME/; docs/test-images.md says how to add one.
"""
_EPILOGUE = """\
Finished images are kept in ${APUS_CACHE:-~/.cache/apus}/images by the hash of their recipe and of the versions of their packages; an image whose
recipe has not changed is taken from there, without the network. SOURCE_DATE_EPOCH (seconds) overrides the time that files and images get.
"""


#: How long an unused image stays in the cache: 60 days.
_KEPT_SECONDS = 60 * 24 * 3600


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="cross/images", description=_DESCRIPTION, epilog=_EPILOGUE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="images to build (default: all)")
    parser.add_argument("--arch", action="append", choices=sorted(layout.VARIANTS), help="only this architecture; may be given several times (default: all)")
    parser.add_argument("--update", action="store_true", help="ask apt for newer packages, and build again what they change")
    parser.add_argument("--list", action="store_true", help="list the images and what they are, and build nothing")
    options = parser.parse_args(arguments)
    try:
        recipes = load_all(RECIPES)
        images = {name: recipe for name, recipe in recipes.items() if not recipe.internal}
        if options.list:
            print("\n".join(f"{name:12}{recipe.description}" for name, recipe in images.items()))
            return 0
        unknown = [name for name in options.names if name not in images]
        if unknown:
            raise BuildError(f"no such image: {', '.join(unknown)} (there are: {', '.join(images)})")
        wanted = [(architecture, name) for architecture in options.arch or list(layout.VARIANTS) for name in options.names or list(images)]
        return _build(recipes, list(dict.fromkeys(wanted)), options.update)
    except (BuildError, OSError) as error:
        print(f"cross/images: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("cross/images: interrupted", file=sys.stderr)
        return 130


def _build(recipes: dict[str, Recipe], wanted: list[tuple[str, str]], update: bool) -> int:
    start = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - start:5.1f} s] {text}", flush=True)

    failed: list[str] = []
    store = cache.Cache(cache.default_folder())
    with (
        cache.locked(store.folder, lambda: say("waiting for another run of cross/images")),
        cache.locked(OUTPUT, lambda: say("waiting for another run of cross/images in this work tree")),
    ):
        store.empty_staging()
        builder = Builder(recipes, store, say, update)
        there = [one for one in wanted if not update and _is_published(builder, *one)]
        missing = [one for one in wanted if one not in there and (update or builder.cached(*one) is None)]
        if missing:
            _check_machine(missing)
        for architecture, name in wanted:
            try:
                if (architecture, name) in there:
                    say(f"{architecture}/{name}: unchanged")
                    continue
                place, _ = builder.build(architecture, name)
                new = cache.publish(place, OUTPUT / architecture / name, OUTPUT / ".staging", builder.recipe_hash(architecture, name))
                layers = [f"{path.stat().st_size / 1e6:.1f}" for path in layout.read(place).layers]
                say(f"{architecture}/{name}: {'ready' if new else 'unchanged'}; layers of {' + '.join(layers)} MB compressed")
            except (BuildError, OSError) as error:
                failed.append(f"{architecture}/{name}")
                print(f"cross/images: {architecture}/{name}: {error}", file=sys.stderr, flush=True)
        store.empty_staging()
        store.prune(time.time(), _KEPT_SECONDS)
        cache.give_to_owner(OUTPUT, REPOSITORY)
    if failed:
        raise BuildError(f"failed: {', '.join(failed)}")
    return 0


def _is_published(builder: Builder, architecture: str, name: str) -> bool:
    """Whether the work tree has the image, made by somebody with another cache."""
    return builder.cached(architecture, name) is None and cache.is_published(OUTPUT / architecture / name, builder.recipe_hash(architecture, name))


def _check_machine(wanted: list[tuple[str, str]]) -> None:
    """Refuses to build where it cannot work."""
    if os.geteuid() != 0:
        architectures = " ".join(f"--arch {architecture}" for architecture in dict.fromkeys(architecture for architecture, _ in wanted))
        names = " ".join(dict.fromkeys(name for _, name in wanted))
        raise BuildError(
            f"needs root to make images, because their files belong to several users; make them once with: sudo cross/images {architectures} {names}"
        )
    missing = missing_tools(TOOLS)
    if missing:
        raise BuildError(f"missing tools; install them with: apt-get install --no-install-recommends {' '.join(missing)}")
