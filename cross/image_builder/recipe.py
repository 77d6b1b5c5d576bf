"""What an image is made of: the reader of `cross/image-recipes/NAME/recipe.toml`. Touches nothing but that folder."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from .errors import BuildError


@dataclass(frozen=True)
class User:
    """A system user and its group of the same name, as a package's script would make them."""

    name: str
    uid: int
    gid: int
    home: str


@dataclass(frozen=True)
class Owned:
    """A folder that is made if it is not there, or a file that is; it gets this owner (user:group, by name) and mode (octal)."""

    path: str
    owner: str
    mode: str


@dataclass(frozen=True)
class Applets:
    """The names by which busybox is called: `links` is "hard" or "symbolic"; `folder` is where they go."""

    binary: str
    folder: str
    links: str


@dataclass(frozen=True)
class Config:
    """What a container of the image starts as: the fields of the OCI image configuration."""

    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    user: str = ""
    working_dir: str = ""
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    stop_signal: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """One folder of `cross/image-recipes/`."""

    name: str
    folder: Path
    description: str
    packages: tuple[str, ...]
    #: The recipe whose image is the lower layer; empty if there is none.
    base: str = ""
    #: Only a base of others; not an image to be had by itself.
    internal: bool = False
    #: Packages that the others depend on and that a container does without.
    without: tuple[str, ...] = ()
    #: Files of the packages that stay out (dpkg's path-exclude patterns).
    exclude: tuple[str, ...] = ()
    #: Files and folders of the base that this image deletes: they become whiteouts.
    remove: tuple[str, ...] = ()
    #: Copies inside the image: to -> from.
    copies: Mapping[str, str] = field(default_factory=dict)
    #: Symbolic links: path -> target; each replaces a file or an empty folder that is there.
    links: Mapping[str, str] = field(default_factory=dict)
    users: tuple[User, ...] = ()
    owned: tuple[Owned, ...] = ()
    applets: Applets | None = None
    config: Config = Config()

    @property
    def files(self) -> Path:
        """The folder whose contents are laid over the packages' files; it need not exist."""
        return self.folder / "files"

    def digest(self) -> str:
        """The sha256 of everything in the recipe's folder: names, kinds, whether executable, contents."""
        state = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                content = path.read_bytes()
                state.update(f"{path.relative_to(self.folder)}\0{path.stat().st_mode & 0o100:o}\0{len(content)}\0".encode())
                state.update(content)
        return state.hexdigest()


def load(folder: Path) -> Recipe:
    """Reads one recipe; the error names the file and the key."""
    file = folder / "recipe.toml"
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BuildError(f"{file}: {error}") from error
    reader = _Reader(file)
    parts = {
        "users": tuple(reader.record(User, part, f"user[{index}]") for index, part in enumerate(reader.tables(values.pop("user", []), "user"))),
        "owned": tuple(reader.record(Owned, part, f"owned[{index}]") for index, part in enumerate(reader.tables(values.pop("owned", []), "owned"))),
        "applets": reader.record(Applets, values.pop("applets"), "applets") if "applets" in values else None,
        "config": reader.record(Config, values.pop("config", {}), "config"),
    }
    return _checked(reader, reader.record(Recipe, values, "", {"name": folder.name, "folder": folder, **parts}))


def load_all(folder: Path) -> dict[str, Recipe]:
    """All recipes below `folder`, by name, every base among them."""
    recipes = {path.parent.name: load(path.parent) for path in sorted(folder.glob("*/recipe.toml"))}
    for recipe in recipes.values():
        if recipe.base and (recipe.base not in recipes or recipes[recipe.base].base):
            raise BuildError(f"{recipe.folder}/recipe.toml: base: {recipe.base!r} is not a recipe without a base of its own")
    return recipes


class _Reader:
    """Turns TOML tables into the records above and says where they do not fit."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def fail(self, key: str, reason: str) -> BuildError:
        return BuildError(f"{self.file}: {key}: {reason}")

    def tables(self, value: Any, key: str) -> list[Any]:
        if not isinstance(value, list):
            raise self.fail(key, "expected tables, [[" + key + "]]")
        return value

    def record(self, kind: type, value: Any, key: str, given: Mapping[str, Any] = MappingProxyType({})) -> Any:
        """Makes a `kind` of the table `value`; each value must have the type of its field. `given` are fields that the table may not set."""
        if not isinstance(value, dict):
            raise self.fail(key, "expected a table")
        prefix = f"{key}." if key else ""
        known = {one.name: one for one in fields(kind) if one.name not in given}
        for name in value:
            if name not in known:
                raise self.fail(prefix + name, "no such key")
        try:
            return kind(**{name: self._typed(known[name].type, item, prefix + name) for name, item in value.items()}, **given)
        except TypeError as error:
            raise self.fail(key or "recipe", str(error).split("__init__() ")[-1]) from error

    def _typed(self, kind: Any, value: Any, key: str) -> Any:
        if kind in (str, bool, int):
            if type(value) is not kind:
                raise self.fail(key, f"expected {kind.__name__}, found {type(value).__name__}")
            return value
        if kind == tuple[str, ...]:
            if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
                raise self.fail(key, "expected an array of strings")
            return tuple(value)
        if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
            raise self.fail(key, "expected a table of strings")
        return value


def _checked(reader: _Reader, recipe: Recipe) -> Recipe:
    """The rules that types do not express."""
    paths = [("remove", path) for path in recipe.remove] + [("owned", one.path) for one in recipe.owned]
    paths += [("links", path) for path in recipe.links]
    paths += [("copies", path) for pair in recipe.copies.items() for path in pair]
    if recipe.applets is not None:
        paths += [("applets", recipe.applets.binary), ("applets", recipe.applets.folder)]
        if recipe.applets.links not in ("hard", "symbolic"):
            raise reader.fail("applets.links", f"expected hard or symbolic, found {recipe.applets.links!r}")
    for key, path in paths:
        if not path.startswith("/") or ".." in PurePosixPath(path).parts:
            raise reader.fail(key, f"{path!r} is not an absolute path without ..")
    for one in recipe.owned:
        if not one.mode or not set(one.mode) <= set("01234567") or one.owner.count(":") != 1:
            raise reader.fail("owned", f"{one.path}: the owner is USER:GROUP and the mode is octal")
    if not recipe.packages:
        raise reader.fail("packages", "an image without packages")
    return recipe
