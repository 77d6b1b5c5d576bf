"""Signs what `apus release accept` and `apus trust update` take.

keys       keys over P-256, by the program openssl
envelope   documents with their signatures (DSSE)
layout     the digest of the image in an OCI layout, and a release among the images of one
command    the command line
"""
