"""Builds OCI images for tests out of Debian packages, for the architectures of the devices and of the dev box.

recipe    what an image is made of, read from `cross/image-recipes/NAME/`
packages  which packages that means today (apt), and their files (mmdebstrap)
tree      the changes that a recipe makes to the files
layout    OCI image layouts: reading, checking, completing
cache     finished images by content hash, and their place in the work tree
build     the steps for one image (umoci makes the layers, skopeo has the last word)
command   the command line
"""
