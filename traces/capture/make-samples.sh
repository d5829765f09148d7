#!/bin/sh
# Makes the shipped samples from the recordings: make-samples.sh RECORDINGS_FOLDER
# Needs Node and zstd. The decompressed samples are the same bytes every time; see ../samples/README.md for sums.
set -eu
recordings=$1
here=$(cd "$(dirname "$0")" && pwd)
make() {
  zstd -dc "$recordings/$1.bin.zst" | node "$here/cut-sample.js" "$2" | zstd -19 -f -q -o "$here/../samples/$3.blktrace.zst"
}
make oltp-postgres-tpcb 60 database
make email-postfix-dovecot 1000 email
