# Sourced by the Makefile's recipes and by .ci/run: where things are kept, and `stage`, which times what it runs.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export GODWIT_CACHE=${GODWIT_CACHE:-$HOME/.cache/godwit}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$GODWIT_CACHE/target}
# What is built serves several clones: snapshots are those of this one.
export INSTA_WORKSPACE_ROOT=$repository
mkdir -p "$GODWIT_CACHE"

# With another HOME, rustup no longer finds the toolchains that belong to the cargo in PATH.
if [ -z "${RUSTUP_HOME:-}" ] && [ ! -d "$HOME/.rustup/toolchains" ] && command -v cargo >/dev/null; then
    beside_cargo=$(dirname "$(dirname "$(dirname "$(command -v cargo)")")")/.rustup
    if [ -d "$beside_cargo" ]; then export RUSTUP_HOME=$beside_cargo; fi
    unset beside_cargo
fi

# The outermost script owns the list of stages and prints it when it ends, however it ends.
if [ -z "${GODWIT_STAGES:-}" ]; then
    GODWIT_STAGES=$(mktemp "${TMPDIR:-/tmp}/godwit-stages.XXXXXX")
    export GODWIT_STAGES GODWIT_SKIPPED=$GODWIT_STAGES.skipped
    trap end_of_stages EXIT
fi

# stage NAME COMMAND…   runs the command, records its seconds and how it ended, passes its exit code on
stage() {
    local name=$1 started=$EPOCHREALTIME code=0
    shift
    echo "==> $name" >&2
    "$@" || code=$?
    local micros=$((10#${EPOCHREALTIME//[.,]/} - 10#${started//[.,]/}))
    printf '%s\t%d.%d\t%s\n' "$name" $((micros / 1000000)) $((micros / 100000 % 10)) \
        "$([ $code = 0 ] && echo ok || echo "failed ($code)")" >>"$GODWIT_STAGES"
    return $code
}

print_stages() {
    [ -s "$GODWIT_STAGES" ] || return 0
    printf '\n%-40s %10s  %s\n' stage seconds result >&2
    awk -F '\t' '{ printf "%-40s %10s  %s\n", $1, $2, $3 }' "$GODWIT_STAGES" >&2
}

# What could not be tested here is said last, where it is seen.
end_of_stages() {
    print_stages
    if [ -s "$GODWIT_SKIPPED" ]; then
        echo >&2
        echo "SKIPPED, for want of a server or of Python packages:" >&2
        sort -u "$GODWIT_SKIPPED" | sed 's/^/  /' >&2
    fi
    rm -f "$GODWIT_STAGES" "$GODWIT_SKIPPED"
}

# Python with the pinned packages of testbed/requirements.txt, or of the file given.
testbed_python() {
    "$repository/testbed/python.sh" "$@"
}

# Makes the web page that cargo takes into the binary; does nothing where it is up to date.
build_web() {
    "$repository/web/build.sh" && page_of_clone
}

# Tells cargo which page this clone has: what it builds serves several clones.
page_of_clone() {
    GODWIT_PAGE=$(cat "$repository/web/dist/.made" 2>/dev/null || echo none)
    export GODWIT_PAGE
}
page_of_clone

# The scripts that use the page as a person does, for node.
build_web_tests() {
    (cd "$repository/web" && npx --no-install vite build --config tests/vite.config.ts --logLevel warn)
}

# Where the page could be made at all.
check_web() {
    if [ -e "$repository/web/node_modules" ]; then
        (cd "$repository/web" && npm run --silent check && npm test --silent)
    fi
}

# Starts the servers and exports how to reach them. Where they cannot be installed, tests that need them say
# "skipped", unless GODWIT_REQUIRE_SERVERS=1.
start_servers() {
    local code=0
    python3 "$repository/testbed/servers.py" start || code=$?
    if [ $code = 3 ] && [ "${GODWIT_REQUIRE_SERVERS:-}" != 1 ]; then
        echo "goes on without servers: tests that need them are skipped" >&2
        return 0
    fi
    [ $code = 0 ] || return $code
    local exports
    exports=$(python3 "$repository/testbed/servers.py" env)
    eval "$exports"
}

require_rust() {
    if ! command -v cargo >/dev/null; then
        echo "cargo is missing: install Rust (https://rustup.rs), then open a new shell" >&2
        return 3
    fi
    if ! command -v cc >/dev/null; then
        echo "a C compiler is missing: sudo apt-get install -y build-essential" >&2
        return 3
    fi
}
