#!/usr/bin/env bash
# GCC 12.2 (Debian 12) and llama.cpp on a CPU with AMX: most of the tile configuration is optimised away.
#
# Expected: `_tile_loadconfig(&configuration)` reads the 64 bytes of the configuration, so what was stored in them before
#       counts; llama.cpp sets up its AMX matrix kernels so, and its default build (-march=native) has them.
# Seen: GCC's amxtileintrin.h declares an operand of 8 bytes. From -O1 on the stores to bytes 8 to 63 (columns and rows
#       of every tile) are dead and vanish; ldtilecfg reads what the stack holds. A build of llama-cpp-python 0.3.36 so
#       ends with SIGSEGV at its first matrix product, though it compiled without a warning and all other kernels work.
#       Without AMX (GGML_NATIVE=off and the AVX-512 options named one by one), the same machine runs it.
# Nothing is executed here: the assembly of two functions is compared, which differ in one statement without effect.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/tiles.c" <<'C'
#include <immintrin.h>
#include <stdint.h>

struct configuration {
    uint8_t palette, start_row, reserved[14];
    uint16_t column_bytes[16];
    uint8_t rows[16];
};

void configure(void) {
    struct configuration tiles = {0};
    tiles.palette = 1;
    tiles.column_bytes[5] = 77;
    tiles.rows[5] = 99;
#ifdef KEEP
    __asm__ volatile("" : : "m"(tiles)); /* says that all 64 bytes are read */
#endif
    _tile_loadconfig(&tiles);
}
C
gcc --version | head -1
gcc -O2 -mamx-tile -S -o "$folder/plain.s" "$folder/tiles.c"
gcc -O2 -mamx-tile -DKEEP -S -o "$folder/kept.s" "$folder/tiles.c"
for variant in plain kept; do
    grep -q ldtilecfg "$folder/$variant.s"
    stores=$(grep -cE '\$(77|99),' "$folder/$variant.s" || true)
    echo "$variant: $stores of the 2 stores of columns and rows are in the assembly"
    echo "$stores" >"$folder/$variant"
done
[ "$(cat "$folder/plain")" = 0 ] || { echo "this GCC keeps the stores"; exit 1; }
[ "$(cat "$folder/kept")" = 2 ] || { echo "the stores look different now; compare the assembly by hand"; exit 1; }
