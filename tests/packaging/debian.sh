# shellcheck shell=sh
# Sourced by the checks of Debian packages: builds them of what git has of this tree, and makes a fresh Debian of the machine's
# own release, which is kept in the project's cache, as an archive.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
# shellcheck source=../vm/apt.sh
. "$top/tests/vm/apt.sh"
# shellcheck source=/dev/null
. /etc/os-release
suite=$VERSION_CODENAME
base=${cache%/vm}/debian-$suite.tar
work=$(mktemp -d "${TMPDIR:-/tmp}/drcl-debs.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
die() { say "$*"; exit 1; }
[ "$(id -u)" -eq 0 ] || die "has to be run as root, for chroot and debootstrap"
root=$work/root

# In the fresh Debian.
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }

# build [DIRECTORY]: the packages are in $work, and in the directory.
build() {
    mkdir "$work/source"
    (cd "$top" && git ls-files -z | tar --null -T - -c) | tar -x -C "$work/source"
    (cd "$work/source" && DEB_BUILD_OPTIONS="noautodbgsym ${DEB_BUILD_OPTIONS-}" dpkg-buildpackage -us -uc -F -j2) > "$work/build.log" 2>&1 ||
        { tail -n 60 "$work/build.log"; die "the packages cannot be built"; }
    sed -n 's/^Ok: *\([0-9]*\).*/tests passed during the build: \1/p' "$work/build.log"
    [ -z "${1-}" ] || cp "$work"/*.deb "$1"
}

# The list of packages is as old as the archive, so a second try has a new one.
satisfy() {
    inside apt-get -qq -y --no-install-recommends satisfy "$1" > "$work/apt.log" 2>&1 ||
        { inside apt-get -qq update && inside apt-get -qq -y --no-install-recommends satisfy "$1"; } > "$work/apt.log" 2>&1 ||
        { cat "$work/apt.log"; die "cannot install $1"; }
}

make_root() {
    mkdir -p "$root" "${base%/*}"
    if [ ! -f "$base" ]; then
        say "making a fresh Debian, $suite"
        # shellcheck disable=SC2016
        mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $suite" 'Component: main' | head -n 1)
        debootstrap --variant=minbase "$suite" "$root" "$mirror" > "$work/debootstrap.log" 2>&1 ||
            { tail "$work/debootstrap.log"; die "debootstrap failed"; }
        rm -f "$root"/var/cache/apt/archives/*.deb
        tar -C "$root" -cf "$base.new" . && mv "$base.new" "$base"
    else
        tar -C "$root" -xf "$base"
    fi
    cp /etc/resolv.conf "$root/etc/resolv.conf"
}

# The packages in /tmp, and what they need of others.
install_depends() {
    cp "$work"/*.deb "$root/tmp"
    for deb in "$work"/*.deb; do dpkg-deb -f "$deb" Depends; done | tr ',' '\n' | grep -v 'libdamonreclaim0' | paste -s -d , > "$work/depends"
    satisfy "$(cat "$work/depends")"
}
