#pragma once
#include <stddef.h>
#include <stdint.h>

/// eBPF programs that filter a cgroup's use of devices (Linux 4.15, CONFIG_CGROUP_BPF).

/// bpf(2) BPF_PROG_LOAD of a BPF_PROG_TYPE_CGROUP_DEVICE program: `count` instructions of 8 bytes. The program's descriptor; the kernel closes it on exec.
int clinux_bpf_load_device_program(const void *instructions, size_t count);
/// bpf(2) BPF_PROG_ATTACH to the v2 group whose directory is open, with BPF_F_ALLOW_MULTI: beside the programs that are there.
int clinux_bpf_attach_device_program(int program, int cgroup);
/// bpf(2) BPF_PROG_QUERY: how many device programs are attached to the group itself.
int clinux_bpf_count_device_programs(int cgroup);
