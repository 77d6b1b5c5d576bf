"""Reading recipes: what is in the repository is sound, and each mistake is named with its file and key."""

from pathlib import Path

import pytest
from image_builder.errors import BuildError
from image_builder.recipe import Recipe, load, load_all

RECIPES = Path(__file__).resolve().parents[2] / "cross" / "image-recipes"


def write(folder: Path, text: str, name: str = "thing") -> Path:
    """A recipe folder with this text."""
    (folder / name).mkdir()
    (folder / name / "recipe.toml").write_text(text, encoding="utf-8")
    return folder / name


def recipe(folder: Path, text: str) -> Recipe:
    """The recipe that this text gives, with the two keys that all must have."""
    return load(write(folder, 'description = "d"\npackages = ["p"]\n' + text))


def test_the_recipes_of_the_repository() -> None:
    recipes = load_all(RECIPES)
    assert {"busybox", "redis", "mosquitto", "nginx"} == {name for name, one in recipes.items() if not one.internal}
    for name in ("redis", "mosquitto", "nginx"):
        assert recipes[name].base == "base"
        assert recipes[name].remove, "each server deletes something of its base, so that whiteouts are met"
    assert recipes["redis"].config.user == "redis"
    assert recipes["mosquitto"].config.user == "mosquitto"
    assert recipes["nginx"].config.stop_signal == "SIGQUIT"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("colour = 1", "colour: no such key"),
        ("internal = 1", "internal: expected bool, found int"),
        ('remove = "x"', "remove: expected an array of strings"),
        ("[links]\na = 1", "links: expected a table of strings"),
        ('[[user]]\nname = "a"\nuid = "1"', r"user\[0\].uid: expected int, found str"),
        ('[[user]]\nname = "a"', r"user\[0\]: missing 3 required positional arguments: 'uid', 'gid', and 'home'"),
        ('user = "a"', r"user: expected tables, \[\[user\]\]"),
        ("[config]\nuser = 0", "config.user: expected str, found int"),
        ("[config]\nshell = 'x'", "config.shell: no such key"),
        ('remove = ["etc"]', "remove: 'etc' is not an absolute path"),
        ('remove = ["/a/../../b"]', "remove: '/a/../../b' is not an absolute path without"),
        ('[copies]\n"/a" = "../b"', "copies: '../b' is not an absolute path"),
        ('[[owned]]\npath = "/a"\nowner = "root"\nmode = "755"', "owned: /a: the owner is USER:GROUP"),
        ('[[owned]]\npath = "/a"\nowner = "root:root"\nmode = "rwx"', "owned: /a: the owner is USER:GROUP and the mode is octal"),
        ('[applets]\nbinary = "/b"\nfolder = "/f"\nlinks = "soft"', "applets.links: expected hard or symbolic, found 'soft'"),
        ("packages = 1", "Cannot overwrite a value"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, error: str) -> None:
    with pytest.raises(BuildError, match=error) as caught:
        recipe(tmp_path, text)
    assert str(tmp_path / "thing" / "recipe.toml") in str(caught.value)


def test_packages_and_description_are_needed(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="missing 2 required positional arguments: 'description' and 'packages'"):
        load(write(tmp_path, ""))


def test_a_base_must_exist_and_have_no_base(tmp_path: Path) -> None:
    write(tmp_path, 'description = "d"\npackages = ["p"]\nbase = "other"')
    with pytest.raises(BuildError, match="base: 'other' is not a recipe without a base of its own"):
        load_all(tmp_path)
    write(tmp_path, 'description = "d"\npackages = ["p"]', "other")
    assert load_all(tmp_path)["thing"].base == "other"


def test_the_digest_sees_names_contents_and_the_executable_bit(tmp_path: Path) -> None:
    one = recipe(tmp_path, "")
    digests = [one.digest()]
    script = one.folder / "files" / "script"
    script.parent.mkdir()
    script.write_text("a", encoding="utf-8")
    digests.append(one.digest())
    script.write_text("b", encoding="utf-8")
    digests.append(one.digest())
    script.chmod(0o755)
    digests.append(one.digest())
    script.rename(script.with_name("program"))
    digests.append(one.digest())
    assert len(set(digests)) == len(digests)
