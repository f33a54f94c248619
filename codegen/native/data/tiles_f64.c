/* The tiles of double. */
#include "table.h"

#define REAL double
#define WIDTH 8
#define INT long long
#define F(name) name##_f64
#define LOAD_512 __builtin_ia32_loadupd512_mask
#define STORE_512 __builtin_ia32_storeupd512_mask
#define LOAD_256 __builtin_ia32_maskloadpd256
#define STORE_256 __builtin_ia32_maskstorepd256
#include "tiles.h"
#include "nests.h"
