"""How the device SDK is made: a Swift SDK artifact bundle from Debian's source packages."""
