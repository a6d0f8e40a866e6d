# What tools/run and tools/test share: finding and installing what a build needs. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/vestibule
# The build folder lies outside the checkout, so that a fresh clone reuses what was compiled before.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
export PATH=$HOME/.cargo/bin:$PATH
# whisper.cpp and friends must not be built for this machine's processor alone.
export GGML_NATIVE=OFF

packages_build="build-essential pkg-config cmake clang libclang-dev libasound2-dev libudev-dev libwayland-dev libxkbcommon-dev perl make git curl ca-certificates"
packages_headless="build-essential pkg-config cmake perl make git curl ca-certificates"
packages_show="libvulkan1 mesa-vulkan-drivers libxkbcommon-x11-0"
packages_test="xvfb xdotool dicom3tools dcmtk bubblewrap"

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

is_debian() { [ -r /etc/os-release ] && grep -qE '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release; }

# need_packages WHY PACKAGE...: installs what is missing with apt, saying first what and why.
need_packages() {
  local why=$1 missing=""
  shift
  if ! is_debian; then
    [ -e "$cache/packages-told" ] || {
      say "This is not Debian or Ubuntu. Please install what corresponds to these packages ($why): $*"
      mkdir -p "$cache" && : >"$cache/packages-told"
    }
    return 0
  fi
  for p in "$@"; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q '^install ok installed' || missing="$missing $p"
  done
  [ -z "$missing" ] && return 0
  local sudo=""
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "These packages are missing ($why):$missing. Install them as root and start again."
    sudo=sudo
  fi
  say "Installing ($why):$missing"
  $sudo apt-get update -q >/dev/null
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -qy --no-install-recommends $missing >/dev/null ||
    die "apt-get could not install:$missing"
}

# need_rust: the compiler, by rustup, at least the version the workspace asks for.
need_rust() {
  local want have
  want=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml")
  if ! command -v cargo >/dev/null; then
    say "Installing Rust with rustup (into ~/.cargo and ~/.rustup): Vestibule is written in Rust."
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal -c clippy -c rustfmt ||
      die "rustup could not be fetched. Install Rust $want or newer by hand and start again."
  fi
  have=$(rustc --version | sed 's/rustc \([0-9.]*\).*/\1/')
  [ "$(printf '%s\n%s\n' "$want" "$have" | sort -V | head -n1)" = "$want" ] ||
    die "Rust $have is too old; $want or newer is needed: rustup update stable"
}
