#!/usr/bin/env bash
# Rebuilds the prebuilt guest programs in bin/ from src/.
#
#   testdata/build.sh [-a ARCH] [-o DIR] [NAME…]  all guests, or the named ones; into DIR instead of
#                                                 bin/; for one architecture, riscv64 or amd64
#   testdata/build.sh expect [NAME…]              record what they print under qemu-riscv64 in expect/
#
# Those for amd64, in bin/amd64, are the guests that are not about RISC-V, and one that is
# about x86-64. Where one prints something else there, expect/amd64 has it.
#
# Needs riscv64-linux-gnu-gcc with its static C library (Debian: gcc-riscv64-linux-gnu,
# libc6-dev-riscv64-cross), x86_64-linux-gnu-gcc and, for `expect`, qemu-riscv64 (Debian: qemu-user).
#
# The binaries are reproducible: the same compiler gives the same bytes wherever the
# checkout lies. Their debug information says that the sources are in
# /revexec/testdata/src, a place that does not exist: a debugger has to find them by
# the path's tail, as it has to for any binary that was built elsewhere.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

CC=${CC:-riscv64-linux-gnu-gcc}
AMD64_CC=${AMD64_CC:-x86_64-linux-gnu-gcc}
arches="riscv64 amd64"
out=$PWD/bin

# name | source | flags. The default is -O0 -g -gdwarf-5; later flags win.
guests='
arith           | arith.c          | -O1
recurse         | recurse.c        | -gdwarf-4
floats          | floats.c         | -O1
threads         | threads.c        |
signals         | signals.c        | -gdwarf-4
signals_more    | signals_more.c   |
stdin           | stdin.c          |
files           | files.c          | -gdwarf-4
crash           | crash.c          |
abort           | abort.c          |
steps           | steps.c          |
steps_dwarf4    | steps.c          | -gdwarf-4
steps_o2        | steps.c          | -O2
values          | values.c         |
values_dwarf4   | values.c         | -gdwarf-4
values_o2       | values.c         | -O2
inline_o2       | inline_o2.c      | -O2 -fasynchronous-unwind-tables -freorder-blocks-and-partition
spin            | spin.c           |
sleepy          | sleepy.c         |
selfmod         | selfmod.c        |
bench_int       | bench_int.c      | -O2
bench_mem       | bench_mem.c      | -O2
bench_call      | bench_call.c     | -O2
bench_float     | bench_float.c    | -O2 -fno-math-errno -ffp-contract=off
long_ago        | long_ago.c       |
demo_inventory  | demo_inventory.c |
hello_glibc     | hello_glibc.c    | libc
signals_glibc   | signals_glibc.c  | libc -gdwarf-4
pthread_glibc   | pthread_glibc.c  | libc -O1 -pthread
forks           | forks.c          | libc
programs        | programs.c       | libc
contend_glibc   | contend_glibc.c  | libc -O1 -pthread
sockets_glibc   | sockets_glibc.c  | libc -O1 -pthread
lazy_race       | lazy_race.c      | -O1
x86             | x86.c            | -O1
'

# What is built for amd64 too.
portable=" recurse threads signals_more stdin files crash abort steps steps_dwarf4 steps_o2 values values_dwarf4 values_o2
	inline_o2 spin bench_int bench_mem bench_call long_ago demo_inventory hello_glibc signals_glibc pthread_glibc contend_glibc bench_float forks programs
	sockets_glibc lazy_race x86 "

# What is built for amd64 alone.
native=" x86 "

common=(
	-std=gnu11 -Wall -Wextra -Wno-parentheses -Wno-implicit-fallthrough
	-O0 -g -gdwarf-5 -fno-stack-protector -fno-pie -no-pie -static
	"-ffile-prefix-map=$PWD/src=/revexec/testdata/src"
	-Wl,--build-id=none -Wl,-z,separate-code
)
riscv64=(-march=rv64gc -mabi=lp64d)
amd64=(-march=x86-64 -fcf-protection=none)
# Our own runtime is -O1 in every guest: people step into it, nobody debugs it.
freestanding=(-nostdlib -ffreestanding -fno-builtin)
runtime=(rt/sys.c rt/print.c rt/mem.c rt/thread.c rt/signal.c)
riscv64_runtime=(rt/start.S "${runtime[@]}")
amd64_runtime=(rt/amd64.S rt/amd64.c "${runtime[@]}")

trim() { local s=$1; s=${s#"${s%%[! ]*}"}; printf %s "${s%"${s##*[! ]}"}"; }

# compile ARCH CC OUT NAME SOURCE FLAGS…
compile() {
	local arch=$1 cc=$2 to=$3 name=$4 source=$5 dwarf=-gdwarf-5 flags=() objects=() libc= f
	shift 5
	local -n machine=$arch rt=${arch}_runtime
	for f; do
		case $f in
		libc) libc=1 ;;
		-gdwarf-*) dwarf=$f; flags+=("$f") ;;
		*) flags+=("$f") ;;
		esac
	done
	if [ -n "$libc" ]; then
		"$cc" "${machine[@]}" "${common[@]}" "${flags[@]}" -Wl,--gc-sections -o "$to" "$source"
		return
	fi
	for f in "${rt[@]}"; do
		objects+=("$work/$arch/$dwarf-${f//\//-}.o")
		[ -e "${objects[-1]}" ] ||
			"$cc" "${machine[@]}" "${common[@]}" "${freestanding[@]}" -O1 "$dwarf" -fno-tree-loop-distribute-patterns -c -o "${objects[-1]}" "$f"
	done
	"$cc" "${machine[@]}" "${common[@]}" "${freestanding[@]}" "${flags[@]}" -c -o "$work/$name.o" "$source"
	"$cc" "${machine[@]}" "${common[@]}" "${freestanding[@]}" -o "$to" "$work/$name.o" "${objects[@]}" -lgcc
}

build() {
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	mkdir -p "$out/amd64" "$work/riscv64" "$work/amd64"
	local name source flags
	# In src, so that the names in the debug information are relative.
	cd src
	while IFS='|' read -r name source flags; do
		name=$(trim "$name") source=$(trim "$source")
		[ -n "$name" ] && wanted "$name" || continue
		# shellcheck disable=SC2086  # flags are words
		[[ $arches != *riscv64* || $native == *" $name "* ]] || compile riscv64 "$CC" "$out/$name" "$name" "$source" $flags
		# shellcheck disable=SC2086
		[[ $arches != *amd64* || ! ${portable//[[:space:]]/ } == *" $name "* ]] ||
			compile amd64 "$AMD64_CC" "$out/amd64/$name" "$name" "$source" $flags
	done <<<"$guests"
	cd ..
}

# expect runs the package's recorder: package testdata knows each guest's
# arguments and standard input.
expect() {
	REVEXEC_RECORD="${names[*]:-all}" go test -count=1 -run '^TestGuestsUnderQEMU$' -v .
}

wanted() {
	[ ${#names[@]} -eq 0 ] && return
	local n
	for n in "${names[@]}"; do [ "$n" = "$1" ] && return; done
	return 1
}

action=build
names=()
while [ $# -gt 0 ]; do
	case $1 in
	-a) arches=$2; shift 2 ;;
	-o) out=$(mkdir -p "$2" && cd "$2" && pwd); shift 2 ;;
	expect) action=expect; shift ;;
	-h | --help) sed -n '2,19s/^# \{0,1\}//p' build.sh; exit ;;
	*) names+=("$1"); shift ;;
	esac
done
$action
