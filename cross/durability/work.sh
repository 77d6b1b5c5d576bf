#!/bin/sh
# shellcheck shell=dash
# work.sh ORDERS: does one order after the other, on the emulated device or the dev box, and says what came of each on lines that begin with "powercut: ".
# On the device `said` is /dev/kmsg: the kernel has written a message of ours to the console before the write comes back, so that what is done next is never done
# before the dev box has what was said. /dev/console has a buffer in between.
set -u
export LC_ALL=C
: "${apus:?the program}" "${store:?its data root}" "${state:?its state root}" "${images:?layouts and archives}" "${scratch:?a folder for files of ours}"
: "${mount:?where the file system with the store is mounted}" "${said:?where the lines go}" "${mark=}"
# Containers of two of these at the same time must not have the same names.
: "${suffix=}"

say() { echo "${mark}powercut: $*" >>"$said"; }

# Says a line for each that comes in.
quote() {
  while read -r line; do say "$1 $line"; done
}

run_apus() { "$apus" --root "$state" --data-root "$store" "$@"; }

# fingerprint LAYER: a hash of everything in an unpacked layer: kinds, modes, owners, sizes, times, contents, targets, whiteouts.
fingerprint() {
  (cd "$1" && {
    find . \( -type f -o -type l \) -exec stat -c '%n %f %u:%g %s %Y' {} +
    find . -type d -exec stat -c '%n %f %u:%g %Y' {} +
    find . -type c -exec stat -c '%n %t:%T' {} +
    find . -type f -exec sha256sum {} +
    find . -type l | while read -r link; do echo "$link -> $(readlink "$link")"; done
  }) | sort | sha256sum | cut -d ' ' -f 1
}

# The store after the first command that opened it, and whether what is in it verifies and runs.
look() {
  run_apus image list >"$scratch/list" 2>"$scratch/error"
  say "list $?"
  cut -f 1,2 "$scratch/list" | quote image
  quote error <"$scratch/error"
  find "$store/tmp" -mindepth 1 -maxdepth 1 | quote left
  for layer in "$store"/layers/*; do
    if [ -d "$layer" ]; then say "layer ${layer##*/} $(fingerprint "$layer")"; fi
  done
  (cd "$store" && find . -type f ! -path './layers/*' ! -path './containers/*' ! -path './tmp/*' ! -path './images/*') | quote file
  if [ -d "$store/blobs/sha256" ]; then
    (cd "$store/blobs/sha256" && find . -type f -exec sha256sum {} +) | while read -r hash name; do
      [ "./$hash" = "$name" ] || say "error blob $name has the digest $hash"
    done
  fi
  cut -f 1 "$scratch/list" | while read -r name; do
    run_apus image verify "$name" >"$scratch/out" 2>&1 </dev/null || quote error <"$scratch/out"
    run_apus image run --name "look$suffix" "$name" >"$scratch/out" 2>"$scratch/error" </dev/null
    say "ran $name $? $(sha256sum <"$scratch/out" | cut -d ' ' -f 1)"
    # A phone's kernel lacks things for which others stand in; that is said each time.
    grep -v ' instead' "$scratch/error" | quote error
  done
  # The writable layers of containers whose apus was killed are removed by a run; where there is no image to run, by this.
  if [ ! -s "$scratch/list" ]; then
    run_apus image prune >"$scratch/out" 2>&1 || quote error <"$scratch/out"
  fi
  find "$store/containers" "$store/tmp" -mindepth 1 -maxdepth 1 | quote left
  space
}

# What the file system says is used, and what is there: blocks of 4 KiB, and inodes.
space() {
  sync
  # f2fs frees the blocks of removed files for good at a checkpoint, which sync makes.
  sync
  # shellcheck disable=SC2046  # numbers
  set -- $(stat -f -c '%b %f %c %d %S' "$mount") $(find "$mount" -xdev -exec stat -c '%i %b' {} + | sort -u |
    awk '{ blocks += int($2 / 8); inodes++ } END { print blocks, inodes }')
  say "space $((($1 - $2) * $5 / 4096)) $(($3 - $4)) $6 $7"
}

# perform VERB ...: becomes apus with what an order asks for.
perform() {
  case $1 in
    import) set -- image import --quiet --name "$2" "$images/$3" ;;
    pipe) set -- image import --quiet --name "$2" - ;;
    remove) set -- image remove "$2" ;;
    prune) set -- image prune --all ;;
    tag) set -- image tag "$2" "$3" ;;
    run) set -- image run --name "work$suffix" "$2" ;;
    *) exit 99 ;;
  esac
  exec "$apus" --root "$state" --data-root "$store" "$@" >"$scratch/out" 2>"$scratch/error"
}

# begin VERB ...: the same in the background, as process $!, with an archive on its input if the order asks for that.
begin() {
  if [ "$1" = pipe ]; then
    rm -f "$scratch/pipe"
    mkfifo "$scratch/pipe"
    cat "$images/$3.tar" >"$scratch/pipe" 2>"$scratch/cat" &
    feeder=$!
    perform "$@" <"$scratch/pipe" &
  else
    feeder=
    perform "$@" </dev/null &
  fi
}

finish() {
  wait "$process"
  status=$?
  [ -z "$feeder" ] || kill "$feeder" 2>/dev/null
}

number=0
while read -r order rest; do
  number=$((number + 1))
  # shellcheck disable=SC2086  # several words
  case $order in
    look)
      look
      say "looked $number"
      ;;
    kill)
      # kill MICROSECONDS VERB ...
      begin ${rest#* }
      process=$!
      # Not every busybox can sleep for a part of a second.
      usleep "${rest%% *}" 2>/dev/null || sleep "$(printf '%d.%06d' $((${rest%% *} / 1000000)) $((${rest%% *} % 1000000)))"
      kill -KILL "$process" 2>/dev/null
      finish 2>/dev/null
      if [ "$status" = 137 ]; then say "killed $number"; else say "done $number $status $(head -n 1 "$scratch/error")"; fi
      ;;
    *)
      begin "$order" $rest
      process=$!
      finish
      say "done $number $status $(head -n 1 "$scratch/error")"
      ;;
  esac
done <"$1"
say worked
