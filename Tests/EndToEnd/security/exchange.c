/// Exchanges two names in a folder, again and again, as fast as it can:
///
///     exchange FOLDER ONE OTHER
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **arguments) {
  if (count != 4) return 2;
  int folder = open(arguments[1], O_PATH | O_DIRECTORY);
  if (folder < 0) return 1;
  printf("ready\n");
  fflush(stdout);
  // RENAME_EXCHANGE
  for (;;) syscall(SYS_renameat2, folder, arguments[2], folder, arguments[3], 2);
}
