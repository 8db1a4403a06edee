# shellcheck shell=sh
# Sourced by the scripts that get a kernel from Debian's mirror: the cache, and packages of other suites, without a change
# to the machine's apt configuration.
# shellcheck disable=SC2034
cache=${DRCL_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/libdamonreclaim/vm}

say() { echo "${0##*/}: $*" >&2; }

# Copies the machine's own apt sources into a directory, with the suite swapped, and prints the options that make apt
# use them.
swapped_sources() {
    suite=$1 dir=$2
    mkdir -p "$dir/parts" "$dir/lists/partial"
    # shellcheck disable=SC1091
    . /etc/os-release
    for f in /etc/apt/sources.list /etc/apt/sources.list.d/debian.list; do
        [ -f "$f" ] || continue
        grep "^deb .* $VERSION_CODENAME " "$f" | sed "s/ $VERSION_CODENAME / $suite /" || true
    done > "$dir/parts/swapped.list"
    f=/etc/apt/sources.list.d/debian.sources
    if [ -f "$f" ]; then
        awk -v RS= -v ORS='\n\n' '!/-security/' "$f" |
            sed "s/^Suites:.*/Suites: $suite/" > "$dir/parts/swapped.sources"
    fi
    echo "-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=$dir/parts -o Dir::State::lists=$dir/lists"
}

# newest_package REGEX [APT-OPTION...]: sets package and version to the newest of the packages of that name that apt can
# download, or to nothing.
newest_package() {
    regex=$1
    shift
    package=$(apt-cache "$@" search --names-only "$regex" 2>/dev/null | cut -d' ' -f1 | sort -V | tail -n 1)
    version=
    [ -z "$package" ] || version=$(apt-cache "$@" policy "$package" 2>/dev/null |
        sed -n 's/^  Candidate: //p' | grep -v '^(none)$' || true)
    [ -n "$version" ] || package=
}

# find_package REGEX DIRECTORY: the same in the machine's own suites, else in others of its mirror; sets apt_options to what
# apt needs for it.  Apt's lists of the other suites go into the directory.
find_package() {
    apt_options=
    newest_package "$1"
    [ -z "$package" ] || return 0
    # shellcheck disable=SC1091
    . /etc/os-release
    for suite in "$VERSION_CODENAME-backports" trixie trixie-backports; do
        apt_options=$(swapped_sources "$suite" "$2/$suite")
        # shellcheck disable=SC2086
        apt-get $apt_options update -qq >&2 2>/dev/null || continue
        # shellcheck disable=SC2086
        newest_package "$1" $apt_options
        [ -z "$package" ] || return 0
    done
    say "no suite of this machine's mirror has a package $1"
    return 1
}

# download PACKAGE[=VERSION]: unpacks it into ./unpacked; after find_package
download() {
    # shellcheck disable=SC2086
    apt-get $apt_options -o APT::Sandbox::User=root download -qq "$1" >&2 &&
        dpkg-deb -x "${1%%=*}"_*.deb unpacked &&
        rm -f "${1%%=*}"_*.deb
}
