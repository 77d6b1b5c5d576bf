#pragma once
#include <stddef.h>
#include <stdint.h>

/// Files and counters that tell of changes.

/// inotify_init1(2), closed by exec, not blocking.
int clinux_inotify(void);
/// inotify_add_watch(2) with IN_MODIFY: the number of the watch.
int clinux_watch_changes(int inotify, const char *path);
/// eventfd2(2), closed by exec, not blocking.
int clinux_eventfd(void);
