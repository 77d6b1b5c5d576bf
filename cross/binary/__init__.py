"""How the device binary is built and checked."""
