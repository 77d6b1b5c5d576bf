"""Devices under QEMU, for tests and for the command `cross/device`.

    from harness import Device, Options

    with Device.boot(Options(kernel="phone", cgroups="android")) as device:
        result = device.run(["apus", "image", "list"])
        assert result.status == 0, result.stderr

`cross` must be on the module path. See docs/device.md.
"""

from .connection import Result, Running
from .device import Device
from .errors import DeviceError, DeviceTimeout, UsageError
from .state import LAYOUTS, Options

__all__ = ["LAYOUTS", "Device", "DeviceError", "DeviceTimeout", "Options", "Result", "Running", "UsageError"]
