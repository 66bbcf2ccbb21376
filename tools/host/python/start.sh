#!/bin/sh
# Starts a py_binary or py_test by the tools' Python (defs.bzl).
set -eu
if [ -n "${RUNFILES_DIR:-}" ]; then
    runfiles=$RUNFILES_DIR
elif [ -d "$0.runfiles" ]; then
    runfiles=$(cd "$0.runfiles" && pwd -P)
else
    case $0 in
    *.runfiles/*) runfiles=${0%%.runfiles/*}.runfiles ;;
    *) echo "$0: its runfiles are missing; build it without --nobuild_runfile_links" >&2; exit 1 ;;
    esac
fi
case $runfiles in /*) ;; *) runfiles=$PWD/$runfiles ;; esac

path=
imports='%imports%'
while [ -n "$imports" ]; do
    path=${path:+$path:}$runfiles/${imports%%:*}
    case $imports in *:*) imports=${imports#*:} ;; *) imports= ;; esac
done
export PYTHONPATH="$path" RUNFILES_DIR="$runfiles"
# run_path, not the script itself: Python would put the script's own directory before everything else.
exec "$runfiles/%interpreter%" -s -B -c '
import runpy, sys
sys.path.remove("")
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
' "$runfiles/%main%" "$@"
