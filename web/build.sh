#!/usr/bin/env bash
# Makes web/dist, which cargo takes into the binary, and web/node_modules; does nothing where both are up to date.
# Without Node.js the binary has no page, and says so.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${GODWIT_CACHE:-$HOME/.cache/godwit}
oldest_node=20

say() { echo "web/build.sh: $*" >&2; }

node_is_there() {
    command -v npm >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge $oldest_node ]
}

without_node() {
    if [ "${GODWIT_REQUIRE_SERVERS:-}" = 1 ]; then
        say "Node.js $oldest_node or later is missing: https://nodejs.org, or sudo apt-get install -y nodejs npm"
        exit 3
    fi
    say "goes on without Node.js $oldest_node or later: the binary has no web page"
    if [ -n "${GODWIT_SKIPPED:-}" ]; then echo "the web page, for want of Node.js" >>"$GODWIT_SKIPPED"; fi
    exit 0
}

# The packages of the lock file, once for all clones. Sweeping goes by the folder's time.
install_packages() {
    local key folder
    key=$({ cat "$here/package-lock.json" && node --version; } | sha256sum | cut -c1-16)
    folder=$cache/node/$key
    mkdir -p "$cache/node"
    (
        flock 9
        if [ ! -e "$folder/complete" ]; then
            say "installs the packages of package-lock.json into $folder"
            rm -rf "$folder"
            mkdir -p "$folder"
            cp "$here/package.json" "$here/package-lock.json" "$folder"
            npm ci --prefix "$folder" --no-audit --no-fund --silent >&2
            touch "$folder/complete"
        fi
    ) 9>"$cache/node/lock"
    touch "$folder"
    ln -sfn "$folder/node_modules" "$here/node_modules"
}

# All that the page is made of.
sources() {
    (
        cd "$here"
        find src public scripts index.html package-lock.json tsconfig.json vite.config.ts codes.ts \
            ../docs/errors/README.md ../docs/errors/README.zh.md ../docs/openapi.json ../docs/migration.schema.json \
            -type f ! -name schema.d.ts ! -name '*.test.ts' ! -name '*.test.tsx' -print0 |
            LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16
    )
}

build() {
    local made built
    made=$(sources)
    if [ "$(cat "$here/dist/.made" 2>/dev/null)" = "$made" ]; then return; fi
    built=$cache/web/$made
    if [ ! -e "$built/.made" ]; then
        say "builds the page"
        (cd "$here" && npm run --silent build >&2)
        mkdir -p "$cache/web"
        rm -rf "$built" "$built.new"
        echo "$made" >"$here/dist/.made"
        cp -a "$here/dist" "$built.new"
        mv "$built.new" "$built"
    else
        rm -rf "$here/dist"
        cp -a "$built" "$here/dist"
    fi
    touch "$built"
}

node_is_there || without_node
install_packages
# Types are checked and tests are run whether or not the page is made anew.
if [ "$here/../docs/openapi.json" -nt "$here/src/api/schema.d.ts" ]; then (cd "$here" && npm run --silent generate >&2); fi
build
