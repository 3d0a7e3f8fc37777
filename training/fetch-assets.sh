#!/bin/sh
# Fetches the pictures that the world's actors are made of (MIT) into ./assets, or into the folder given.
# Needs npm. The pictures are never committed; `cargo xtask world pack` makes the small file that rendering needs.
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
