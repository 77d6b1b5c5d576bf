"""The symbols by which cross/build knows a program whose static arrays may be mixed up, that compares strings by their canonical equivalence, or has threads."""

from __future__ import annotations

from binary.symbols import numbered_objects, string_comparisons, threads


def test_static_arrays_of_functions_are_found():
    names = ["apus_main", "$e7Sandbox16SeccompProcessorO4abisSayAA0B3ABIOGvgTv_r", "$e7Sandbox16SeccompProcessorO4abisSayAA0B3ABIOGvgTv0_r", "$s3OCI1xyyFTv18_r"]
    assert numbered_objects(names) == sorted(names[1:])


def test_other_symbols_are_not():
    # A specialisation, a getter, a C function, a local label.
    names = ["$e7Sandbox13SeccompFilterV9compiling3forACTf4gn_n", "$e7Sandbox16SeccompProcessorO4abisSayAA0B3ABIOGvg", "cseccomp_number", "Tv_r"]
    assert numbered_objects(names) == []
    assert string_comparisons(names) == []
    assert threads([*names, "__pthread_self", "pthread_setcancelstate"]) == []


def test_the_comparison_of_strings_is_found():
    name = "$es22_stringCompareInternal__9expectingSbs11_StringGutsV_ADs01_D16ComparisonResultOtF"
    assert string_comparisons(["apus_main", name, name]) == [name]


def test_what_starts_a_thread_is_found():
    assert threads(["apus_main", "thrd_create", "pthread_create", "__clone"]) == ["pthread_create", "thrd_create"]
