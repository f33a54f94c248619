/* The tiles of double. */
#include "table.h"

#define REAL double
#define WIDTH 8
#define INT long long
#define F(name) name##_f64
#define LOAD_512 __builtin_ia32_loadupd512_mask
#define STORE_512 __builtin_ia32_storeupd512_mask
#define COMPRESS_512 __builtin_ia32_compressdf512_mask
#define NOT_EQUAL_512(x, y, among) __builtin_ia32_cmppd512_mask(x, y, 4, among, 4)
#define LOAD_256 __builtin_ia32_maskloadpd256
#define STORE_256 __builtin_ia32_maskstorepd256
#include "tiles.h"
#include "nests.h"
#include "sparse.h"
