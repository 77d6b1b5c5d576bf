#define _GNU_SOURCE
#include "CLinux_notify.h"

#include <sys/eventfd.h>
#include <sys/inotify.h>

#include "result.h"

int clinux_inotify(void) { return (int)CALL(SYS_inotify_init1, IN_CLOEXEC | IN_NONBLOCK); }
int clinux_watch_changes(int inotify, const char *path) { return (int)CALL(SYS_inotify_add_watch, inotify, path, IN_MODIFY); }
int clinux_eventfd(void) { return (int)CALL(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK); }
