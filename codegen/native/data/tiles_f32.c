/* The tiles of float. */
#include "table.h"

#define REAL float
#define WIDTH 4
#define INT int
#define F(name) name##_f32
#define LOAD_512 __builtin_ia32_loadups512_mask
#define STORE_512 __builtin_ia32_storeups512_mask
#define COMPRESS_512 __builtin_ia32_compresssf512_mask
#define NOT_EQUAL_512(x, y, among) __builtin_ia32_cmpps512_mask(x, y, 4, among, 4)
#define LOAD_256 __builtin_ia32_maskloadps256
#define STORE_256 __builtin_ia32_maskstoreps256
#include "tiles.h"
#include "nests.h"
#include "sparse.h"
