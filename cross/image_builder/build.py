"""The steps that make one image."""

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from . import cache as caching
from . import layout, tree
from .cache import Cache
from .errors import run
from .packages import EXCLUDED, Packages, Versions, suite
from .recipe import Config, Recipe

#: Programs, and the Debian packages that have them (cross/image-recipes/packages.txt names the same packages).
TOOLS = (("mmdebstrap", "mmdebstrap"), ("umoci", "umoci"), ("skopeo", "skopeo"))
#: The time that files and image get if SOURCE_DATE_EPOCH names no other: 2026-01-01.
_EPOCH = 1767225600


class Builder:
    """Makes images of `recipes` and keeps them in `cache`. `say` gets one line for each step. If `update` is set, apt is asked for newer packages."""

    def __init__(self, recipes: Mapping[str, Recipe], cache: Cache, say: Callable[[str], None], update: bool) -> None:
        self.recipes, self.cache, self.say, self.update = recipes, cache, say, update
        self.epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or _EPOCH)
        self._suite = suite()
        self._program = caching.digest(*(hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(Path(__file__).parent.glob("*.py"))))
        self._packages: dict[str, Packages] = {}
        self._done: dict[tuple[str, str], tuple[Path, Versions]] = {}

    def recipe_hash(self, architecture: str, name: str) -> str:
        """Changes with everything that decides about an image but the versions of its packages."""
        recipe = self.recipes[name]
        below = self.recipe_hash(architecture, recipe.base) if recipe.base else ""
        return caching.digest(name, recipe.digest(), below, architecture, self._suite, str(self.epoch), self._program)

    def build(self, architecture: str, name: str) -> tuple[Path, Versions]:
        """The finished layout in the cache, made if it is not there, and all packages in it, its base's among them."""
        if (architecture, name) in self._done:
            return self._done[architecture, name]
        recipe = self.recipes[name]
        base, present = self.build(architecture, recipe.base) if recipe.base else (None, [])
        known = None if self.update else self.cached(architecture, name)
        if known is None:
            self.say(f"{architecture}/{name}: asking apt which packages it needs")
            versions = self._apt(architecture).resolve(recipe.packages, recipe.without, present)
            place, finished = self._place(architecture, name, versions, base), None
            if not layout.is_whole(place):
                finished = self._make(architecture, recipe, versions, base, present)
            self.cache.keep(self.recipe_hash(architecture, name), versions, place, finished)
            known = place, versions
        place, versions = known
        self.cache.mark_used(place)
        self._done[architecture, name] = (place, sorted({*present, *versions}))
        return self._done[architecture, name]

    def cached(self, architecture: str, name: str) -> tuple[Path, Versions] | None:
        """The finished layout of the recipe as it is now, with the versions it got last time; None if that is not in the cache, or damaged."""
        base = None
        if self.recipes[name].base:
            below = self.cached(architecture, self.recipes[name].base)
            if below is None:
                return None
            base = below[0]
        versions = self.cache.resolved(self.recipe_hash(architecture, name))
        if versions is None:
            return None
        place = self._place(architecture, name, versions, base)
        return (place, versions) if layout.is_whole(place) else None

    def _place(self, architecture: str, name: str, versions: Versions, base: Path | None) -> Path:
        parts = [self.recipe_hash(architecture, name), base.name if base else "", *(f"{package}={version}" for package, version in versions)]
        return self.cache.image(caching.digest(*parts))

    def _apt(self, architecture: str) -> Packages:
        if architecture not in self._packages:
            self._packages[architecture] = Packages(self.cache.folder / "apt" / architecture, architecture)
        return self._packages[architecture]

    def _make(self, architecture: str, recipe: Recipe, versions: Versions, base: Path | None, present: Versions) -> Path:
        """Makes the layout in the staging folder, and checks it."""
        title = f"{architecture}/{recipe.name}"
        work = self.cache.staging / f"{architecture}-{recipe.name}"
        work.mkdir()
        extracted, image, bundle = work / "packages", work / "layout", work / "bundle"
        rootfs = bundle / "rootfs"
        self.say(f"{title}: fetching and unpacking {len(versions)} packages")
        self._apt(architecture).extract(versions, recipe.without, present, recipe.exclude, extracted)
        tree.clean(extracted, (*EXCLUDED, *recipe.exclude))

        self.say(f"{title}: making the layer" + (f" above {recipe.base}" if base else ""))
        if base:
            shutil.copytree(base, image)
        else:
            run(["umoci", "init", "--layout", image])
            run(["umoci", "new", "--image", f"{image}:{layout.TAG}"])
        run(["umoci", "unpack", "--image", f"{image}:{layout.TAG}", bundle])
        run(["cp", "--archive", f"{extracted}/.", rootfs])
        shutil.rmtree(extracted)
        tree.apply(recipe, rootfs)
        tree.clamp_times(rootfs, self.epoch)
        self._pack(architecture, recipe, image, bundle)
        shutil.rmtree(bundle)

        self.say(f"{title}: checking the layout")
        layout.complete(image, architecture)
        layout.check(image, architecture, recipe.config)
        run(["skopeo", "inspect", f"--override-arch={architecture}", f"oci:{image}:{layout.TAG}"])
        return image

    def _pack(self, architecture: str, recipe: Recipe, image: Path, bundle: Path) -> None:
        """Lets umoci make a layer of what differs in the bundle, and set the configuration."""
        created = datetime.fromtimestamp(self.epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        reference = f"{image}:{layout.TAG}"
        history = [f"--history.created={created}", f"--history.created_by=cross/images: {' '.join(recipe.packages)}", f"--history.comment={recipe.description}"]
        # The volumes' folders belong to the image as well: they give a new volume its owner and mode.
        run(["umoci", "repack", "--no-mask-volumes", *history, "--image", reference, bundle])
        run([
            "umoci", "config", "--no-history", "--clear=config.entrypoint", "--clear=config.cmd", "--clear=config.env", "--clear=config.labels",
            f"--created={created}", "--os=linux", f"--architecture={architecture}", *config_options(recipe.config), "--image", reference,
        ])


def config_options(config: Config) -> list[str]:
    """umoci's spelling of an image configuration."""
    single = (("user", config.user), ("workingdir", config.working_dir), ("stopsignal", config.stop_signal))
    several = (
        ("entrypoint", config.entrypoint), ("cmd", config.cmd), ("env", config.env), ("exposedports", config.ports), ("volume", config.volumes),
        ("label", tuple(f"{key}={value}" for key, value in config.labels.items())),
    )
    options = [f"--config.{name}={value}" for name, value in single if value]
    return options + [f"--config.{name}={value}" for name, values in several for value in values]
