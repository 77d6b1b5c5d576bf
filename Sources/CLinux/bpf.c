#define _GNU_SOURCE
#include "CLinux_bpf.h"

#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "result.h"

/// bpf(2). The kernel wants every byte that it does not know to be zero, so a caller clears all of `attributes`.
static int bpf(int command, union bpf_attr *attributes) {
  return (int)CALL(SYS_bpf, command, attributes, sizeof *attributes);
}

int clinux_bpf_load_device_program(const void *instructions, size_t count) {
  // The program calls no helper, so no licence is asked for; the string may not be missing.
  static const char licence[] = "none";
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insn_cnt = (uint32_t)count;
  attributes.insns = (uintptr_t)instructions;
  attributes.license = (uintptr_t)licence;
  return bpf(BPF_PROG_LOAD, &attributes);
}

int clinux_bpf_attach_device_program(int program, int cgroup) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.target_fd = (uint32_t)cgroup;
  attributes.attach_bpf_fd = (uint32_t)program;
  attributes.attach_type = BPF_CGROUP_DEVICE;
  attributes.attach_flags = BPF_F_ALLOW_MULTI;
  return bpf(BPF_PROG_ATTACH, &attributes);
}

int clinux_bpf_count_device_programs(int cgroup) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.query.target_fd = (uint32_t)cgroup;
  attributes.query.attach_type = BPF_CGROUP_DEVICE;
  int result = bpf(BPF_PROG_QUERY, &attributes);
  return result < 0 ? result : (int)attributes.query.prog_cnt;
}
