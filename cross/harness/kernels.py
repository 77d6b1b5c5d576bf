"""The two kernels: Debian's, from its package; the phone kernel, from the cache (built by `cross/kernels/build-phone-kernel` or seeded)."""

from __future__ import annotations

import re
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path

from . import places
from .errors import DeviceError, UsageError
from .modules import copy_modules, load_order, read_wanted
from .packages import Archive
from .tools import call, notice, require

KERNELS = ("debian", "phone")

_FRAGMENT = places.CROSS / "kernels" / "phone.fragment"
_RECIPE = places.CROSS / "kernels" / "build-phone-kernel"
_MODULES = places.CROSS / "guest" / "modules"
_DEBIAN_PACKAGE = "linux-image-cloud-arm64"


@dataclass(frozen=True)
class Kernel:
    """A kernel that is ready to be booted."""

    image: Path
    arguments: tuple[str, ...]
    """What this kernel's command line needs besides the harness's own words."""
    boot_modules: tuple[Path, ...]
    """The modules that the initramfs loads, in this order."""
    modules: Path | None
    """A directory to be found as /lib/modules in the guest."""
    data_file_systems: tuple[str, ...]
    """What the data disk can be formatted as."""
    description: str


def phone_kernel_directory() -> Path:
    """Where the phone kernel made by the present recipe and fragment lies in the cache, or would."""
    wanted = "\n".join(sorted(settings(_FRAGMENT.read_text())))
    return places.cache() / "kernels" / f"phone-{places.recipe_hash(wanted.encode(), _RECIPE.read_bytes())}"


def prepare(name: str, *, update: bool = False) -> Kernel:
    """The kernel of that name; fetches Debian's when the cache has none, or a newer one when `update` is set."""
    if name == "debian":
        return _debian(update)
    if name == "phone":
        return _phone()
    raise UsageError(f"there is no kernel '{name}': choose one of {', '.join(KERNELS)}")


def _phone() -> Kernel:
    directory = phone_kernel_directory()
    image = directory / "Image"
    if not image.exists():
        raise UsageError(
            f"the phone kernel is not in the cache ({directory}); build it with cross/kernels/build-phone-kernel (about 12 minutes), "
            "or copy a finished one with cross/kernels/seed DIRECTORY"
        )
    # Phones boot with this argument: per-cgroup pressure figures cost too much there.
    return Kernel(
        image, ("cgroup_disable=pressure",), (), None, ("ext4", "f2fs"), f"phone kernel {(directory / 'version').read_text().strip()}"
    )


def _debian(update: bool) -> Kernel:
    wanted = read_wanted(_MODULES.read_text())
    names = " ".join(sorted(module.name for module in wanted))
    directory = places.cache() / "kernels" / f"debian-arm64-{places.recipe_hash(names.encode())}"
    with places.locked(directory.with_suffix(".lock")):
        if update or not directory.exists():
            _fetch_debian(directory)
    release = (directory / "release").read_text().strip()
    modules = directory / "modules"
    dependencies = (modules / release / "modules.dep").read_text()
    builtin = (modules / release / "modules.builtin").read_text()
    boot = load_order(dependencies, builtin, [module.name for module in wanted if module.at_boot])
    return Kernel(
        directory / "Image", (), tuple(modules / release / path for path in boot), modules, ("ext4",),
        f"Debian kernel {(directory / 'version').read_text().strip()}",
    )


def _fetch_debian(directory: Path) -> None:
    require(["apt-get", "dpkg-deb", "depmod"])
    notice("fetching Debian's arm64 kernel; it stays in the cache")
    archive = Archive("arm64")
    package = next((name for name in archive.show(_DEBIAN_PACKAGE).depends if name.startswith("linux-image-")), None)
    if package is None:
        raise DeviceError(f"{_DEBIAN_PACKAGE} depends on no kernel package")
    release = package.removeprefix("linux-image-")
    with places.staged(directory) as stage:
        tree = stage / "package"
        versions = archive.unpack([package], tree)
        call(["depmod", "-b", tree, release])
        (tree / "boot" / f"vmlinuz-{release}").rename(stage / "Image")
        (tree / "boot" / f"config-{release}").rename(stage / "config")
        wanted = read_wanted(_MODULES.read_text())
        copy_modules(tree / "lib" / "modules" / release, stage / "modules" / release, [module.name for module in wanted])
        # depmod -b looks below lib/modules; a link makes the final layout look like that for the moment.
        (stage / "lib").mkdir()
        (stage / "lib" / "modules").symlink_to("../modules")
        call(["depmod", "-b", stage, release])
        shutil.rmtree(stage / "lib")
        shutil.rmtree(tree)
        (stage / "release").write_text(release + "\n")
        (stage / "version").write_text(f"{release} ({package} {versions[package]})\n")


def configuration_of(image: bytes) -> str:
    """The configuration that a kernel image carries (CONFIG_IKCONFIG): the text of /proc/config.gz.

    The kernel stores it gzip-compressed between the marks IKCFG_ST and IKCFG_ED (kernel/configs.c).
    """
    for start in re.finditer(rb"IKCFG_ST(?=\x1f\x8b\x08)", image):
        try:
            return zlib.decompressobj(wbits=31).decompress(image[start.end() :], 4 << 20).decode()
        except (zlib.error, UnicodeDecodeError):
            continue
    raise DeviceError("the kernel image carries no configuration (CONFIG_IKCONFIG)")


def settings(fragment: str) -> set[str]:
    """The settings of a configuration fragment: `CONFIG_X=…` and `# CONFIG_X is not set` lines; other comments drop out."""
    lines = (line.strip() for line in fragment.splitlines())
    return {line for line in lines if re.fullmatch(r"CONFIG_\w+=.+|# CONFIG_\w+ is not set", line)}


def unmet(wanted: set[str], configuration: str) -> list[str]:
    """The settings that a finished configuration does not have. An option that is absent counts as "not set", as in the kernel."""
    present = settings(configuration)
    known = {_option(line) for line in present}
    return sorted(line for line in wanted if line not in present and not (line.startswith("#") and _option(line) not in known))


def _option(setting: str) -> str:
    return setting.removeprefix("# ").split("=")[0].split(" ")[0]
