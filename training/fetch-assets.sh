#!/bin/sh
# Fetches what the world's actors are made of into ./assets, or into the folder given: pictures (MIT) from npm and, with a
# second word `solid`, 0 A.D.'s animals and grounds (CC-BY-SA 3.0, Wildfire Games) from Debian's package 0ad-data: 1.4 GB
# to download and 5 GB of room for the time of it, of which 0.6 GB stay.
# Needs npm; for `solid` a Debian or Ubuntu with dpkg-deb and unzip. Nothing of it is ever committed;
# `cargo xtask world pack` makes the small file that rendering needs.
set -eu

target=${1:-assets}
mkdir -p "$target"
cd "$target"

fetch() { # name, version
    folder=$(printf '%s' "$1" | tr -d '@' | tr '/' '-')-$2
    if [ -d "$folder/package" ]; then
        return
    fi
    archive=$(npm pack --silent "$1@$2")
    mkdir -p "$folder.part"
    tar -xzf "$archive" -C "$folder.part"
    mv "$folder.part" "$folder"
    rm -f "$archive"
    echo "fetched $1 $2"
}

for part in 1 2 3 4; do
    fetch "@lobehub/fluent-emoji-anim-$part" 1.0.0
done
fetch "@lobehub/fluent-emoji-3d" 1.1.0

if [ "${2:-}" = solid ] && [ ! -d 0ad/art ]; then
    mkdir -p 0ad.part
    cd 0ad.part
    ls 0ad-data_*.deb >/dev/null 2>&1 || apt-get download 0ad-data
    archive=$(dpkg-deb --fsys-tarfile 0ad-data_*.deb | tar -t | grep 'mods/public/public.zip$')
    dpkg-deb --fsys-tarfile 0ad-data_*.deb | tar -xO "$archive" >public.zip
    rm -f 0ad-data_*.deb
    unzip -q -o public.zip 'art/LICENSE.txt' 'art/meshes/skeletal/*.pmd' 'art/animation/quadraped/*.psa' \
        'art/animation/other/*.psa' 'art/animation/others/*.psa' 'art/textures/skins/skeletal/*.dds' \
        'art/textures/terrain/types/*.dds'
    rm -f public.zip
    # The tables name few of the grounds; the normal and specular maps are the largest part and never used.
    find art/textures/terrain \( -name '*_norm.*' -o -name '*_spec.*' \) -delete
    cd ..
    mv 0ad.part 0ad
    echo "fetched 0ad-data"
fi
