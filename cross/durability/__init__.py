"""Cuts the power of an emulated device, and kills apus, at random moments; looks at the store after each. The command is `cross/powercut`."""
