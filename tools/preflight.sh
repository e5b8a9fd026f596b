# Refuse in one line, before anything is written, where the set-up cannot work.
refuse() { echo "rnncourse: $*" >&2; exit 1; }
[ -w . ] || refuse "cannot write into $(pwd); copy the course to a folder of your own"
command -v "$1" >/dev/null || refuse "found no $1; install Python 3.11 or newer, or name one: make course PYTHON=python3.12"
"$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  refuse "$1 is $("$1" --version 2>&1), expected Python 3.11 or newer; name another: make course PYTHON=python3.12"
"$1" -c 'import venv, ensurepip' 2>/dev/null || refuse "$1 cannot make virtual environments; install its venv module (Debian: apt-get install python3-venv)"
